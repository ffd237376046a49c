namespace RemoteMonitoring.Telemetry.Tests.Mappings;

/// <summary>A good body or two for each bundled mapping, with what is to come of it: <c>code=value</c>, in order.</summary>
internal static class BundledBodies
{
    public static (string Mapping, string Body, string Readings)[] All { get; } =
    [
        ("rmon/1", """{"time":"2025-01-31T07:40:00Z","readings":[{"code":"8867-4","value":72,"unit":"/min"},{"code":"8310-5","value":98.6,"unit":"[degF]","time":"2025-01-31T07:39:00Z"}]}""", "8867-4=72 8310-5=37"),
        ("iot-hub-flat/1", """{"heartrate":"88"}""", "8867-4=88"),
        ("iot-hub-flat/1", """{"systolic":"111","diastolic":75,"steps":"30","endDate":"2025-01-31T07:40:00.875Z","deviceId":"x"}""", "8480-6=111 8462-4=75 41950-7=30"),
        ("iot-hub-flat/1", """{"deviceId":"x","data":[{"systolic":"120","diastolic":"80","date":"2025-01-31T07:40:00.061144Z"},{"heartRate":70,"date":"2025-01-31T07:41:00Z"}]}""", "8480-6=120 8462-4=80 8867-4=70"),
        ("iot-hub-flat/1", """[{"heartRate":"78","endDate":"2025-01-31T07:40:00Z"},{"heartRate":"81","endDate":"2025-01-31T07:41:00Z"}]""", "8867-4=78 8867-4=81"),
        ("iot-central/1", """{"applicationId":"a","deviceId":"d","enqueuedTime":"2025-01-31T07:40:00Z","telemetry":{"HeartRate":75,"BodyTemperature":98.6,"BloodPressure":{"Diastolic":70,"Systolic":110},"Activity":"resting"},"messageProperties":{"iothub-creation-time-utc":"2025-01-31T07:39:00Z"}}""", "8867-4=75 8310-5=37 8480-6=110 8462-4=70"),
        ("iot-central/1", """[{"enqueuedTime":"2025-01-31T07:40:00Z","telemetry":{"RespiratoryRate":15}},{"enqueuedTime":"2025-01-31T07:40:00Z","telemetry":{"HeartRate":69}}]""", "9279-1=15 8867-4=69"),
        ("body-scale/1", """[{"height":"70","unit":"inches","endDate":"2025-01-31T07:40:00Z"},{"height":"1.78","unit":"meters","endDate":"2025-01-31T07:40:00Z"}]""", "8302-2=177.8 8302-2=178"),
        ("body-scale/1", """{"weight":154.5,"unit":"lb","timestamp":"2025-01-31T07:40:00Z"}""", "29463-7=70.08"),
        ("pulse-oximeter/1", """{"spo2":97,"pr":64,"ts":1738309200000}""", "59408-5=97 8867-4=64"),
        ("glucose-meter/1", """{"glucose":"5.5","unit":"mmol/L","time":"2025-01-31T07:40:00Z"}""", "41653-7=99.088"),
        ("glucose-meter/1", """{"glucose":104,"unit":"mg/dl"}""", "41653-7=104"),
        ("withings-measures/1", """{"measuregrps":[{"date":1738309200,"measures":[{"value":70250,"type":1,"unit":-3},{"value":124,"type":10,"unit":0},{"value":20,"type":6,"unit":0}]},{"date":1738309100,"measures":[{"value":97,"type":54}]}]}""", "29463-7=70.25 8480-6=124 59408-5=97"),
        ("fhir-observation/1", """{"resourceType":"Observation","status":"final","code":{"coding":[{"system":"http://loinc.org","code":"85354-9"}]},"subject":{"reference":"Patient/p"},"effectiveDateTime":"2025-01-31T08:40:00+01:00","component":[{"code":{"coding":[{"system":"http://snomed.info/sct","code":"271649006"},{"system":"http://loinc.org","code":"8480-6"}]},"valueQuantity":{"value":107,"unit":"mmHg","system":"http://unitsofmeasure.org","code":"mm[Hg]"}},{"code":{"coding":[{"system":"http://loinc.org","code":"8462-4"}]},"valueQuantity":{"value":60,"unit":"mmHg"}}]}""", "8480-6=107 8462-4=60"),
        ("fhir-observation/1", """{"resourceType":"Observation","code":{"coding":[{"system":"http://loinc.org","code":"8867-4"}]},"effectiveDateTime":"2025-01-31T07:40:00Z","valueQuantity":{"value":44,"code":"/min"}}""", "8867-4=44"),
        ("senml/1", """[{"bn":"urn:dev:ow:10e2073a01080063:","bt":1738309200,"bu":"beat/min","n":"heartrate","v":72},{"n":"heartrate","t":-60,"v":70},{"n":"temp","u":"Cel","v":36.6},{"n":"spo2","u":"/","v":0.97}]""", "8867-4=72 8867-4=70 8310-5=36.6 59408-5=97"),
    ];
}
