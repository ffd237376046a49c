using Xunit.Abstractions;
using Xunit.Sdk;

namespace RemoteMonitoring.Storage.Tests;

/// <summary>A test that there is only where an environment variable is set; elsewhere it is neither run, nor skipped, nor counted as passed.</summary>
[XunitTestCaseDiscoverer("RemoteMonitoring.Storage.Tests.FactIfSetDiscoverer", "RemoteMonitoring.Storage.Tests")]
[AttributeUsage(AttributeTargets.Method)]
public sealed class FactIfSetAttribute(string variable) : FactAttribute
{
    public string Variable => variable;
}

/// <summary>Finds them.</summary>
public sealed class FactIfSetDiscoverer(IMessageSink messages) : IXunitTestCaseDiscoverer
{
    public IEnumerable<IXunitTestCase> Discover(ITestFrameworkDiscoveryOptions discoveryOptions, ITestMethod testMethod, IAttributeInfo factAttribute) =>
        string.IsNullOrEmpty(Environment.GetEnvironmentVariable((string)factAttribute.GetConstructorArguments().Single()))
            ? []
            : [new XunitTestCase(messages, discoveryOptions.MethodDisplayOrDefault(), discoveryOptions.MethodDisplayOptionsOrDefault(), testMethod)];
}
