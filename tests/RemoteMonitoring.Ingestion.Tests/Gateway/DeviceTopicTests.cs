using RemoteMonitoring.Ingestion.Gateway;

namespace RemoteMonitoring.Ingestion.Tests.Gateway;

public sealed class DeviceTopicTests
{
    [Theory]
    [InlineData("devices/d1/messages/events/", null, null)]
    [InlineData("devices/d1/messages/events", null, null)]
    [InlineData("devices/d1/messages/events/$.mid=m1", "m1", null)]
    [InlineData("devices/d1/messages/events/%24.mid=m1&a=1", "m1", """{"a":"1"}""")]
    [InlineData("devices/d1/messages/events/%24.ct=application%2Fjson&%24.ce=utf-8&a=1", null, """{"a":"1","$.ct":"application/json","$.ce":"utf-8"}""")]
    [InlineData("devices/d1/messages/events/$.cid=c&$.uid=u&$.to=%2Fdevices%2Fd1&$.exp=2030-01-01T00%3A00%3A00Z&$.on=o", null, """{"$.cid":"c","$.uid":"u","$.to":"/devices/d1","$.exp":"2030-01-01T00:00:00Z","$.on":"o"}""")]
    [InlineData("devices/d1/messages/events/iothub-creation-time-utc=2025-01-01T00%3A00%3A00Z", null, """{"iothub-creation-time-utc":"2025-01-01T00:00:00Z"}""")]
    [InlineData("devices/d1/messages/events/a=1/", null, """{"a":"1"}""")]
    [InlineData("devices/d1/messages/events/?a=1", null, """{"a":"1"}""")]
    [InlineData("devices/d1/messages/events/a=1&&b=2&", null, """{"a":"1","b":"2"}""")]
    [InlineData("devices/d1/messages/events/a", null, """{"a":""}""")]
    [InlineData("devices/d1/messages/events/a=", null, """{"a":""}""")]
    [InlineData("devices/d1/messages/events/=1", null, null)]
    [InlineData("devices/d1/messages/events/a=b=c", null, """{"a":"b=c"}""")]
    [InlineData("devices/d1/messages/events/a%3Db=c%26d", null, """{"a=b":"c\u0026d"}""")]
    [InlineData("devices/d1/messages/events/a=1%2B1+1", null, """{"a":"1\u002B1\u002B1"}""")]
    [InlineData("devices/d1/messages/events/a=%C3%BC%20x", null, """{"a":"\u00FC x"}""")]
    [InlineData("devices/d1/messages/events/a=100%&b=%zz", null, """{"a":"100%","b":"%zz"}""")]
    [InlineData("devices/d1/messages/events/a=1&b=2&a=3", null, """{"b":"2","a":"3"}""")]
    [InlineData("devices/d1/messages/events/a=%2F", null, """{"a":"/"}""")]
    [InlineData("devices/d1/messages/events/$.mid=", "", null)]
    public void The_properties_of_a_topic_are_read(string topic, string? messageId, string? properties)
    {
        var read = DeviceTopic.TryParse(topic, "d1")!;
        Assert.Equal(messageId, read.MessageId);
        Assert.Equal(properties, read.ToJson());
    }

    [Theory]
    [InlineData("devices/d2/messages/events/")]
    [InlineData("devices/d10/messages/events/")]
    [InlineData("devices/D1/messages/events/")]
    [InlineData("devices/d1/messages/eventsx")]
    [InlineData("devices/d1/messages/devicebound/")]
    [InlineData("devices/d1/modules/m/messages/events/")]
    [InlineData("/devices/d1/messages/events/")]
    [InlineData("devices/d1")]
    [InlineData("$iothub/twin/GET/?$rid=1")]
    [InlineData("")]
    public void Any_other_topic_is_none(string topic) => Assert.Null(DeviceTopic.TryParse(topic, "d1"));
}
