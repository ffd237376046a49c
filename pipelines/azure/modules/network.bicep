// The closed network of a production home: programs go out by one address, and reach every service by a private endpoint.

@description('Region.')
param location string
@description('Tags of everything that is made here.')
param tags { *: string }
@description('Begins the names.')
param prefix string
@description('Where logs go.')
param workspaceId string
@description('Addresses of the network.')
param addressSpace string
@description('Whether there is a subnet for a virtual network data gateway of Power BI.')
param hasReports bool

@description('Addresses of the subnets.')
var subnets = {
  containers: cidrSubnet(addressSpace, 23, 0)
  functions: cidrSubnet(addressSpace, 24, 2)
  endpoints: cidrSubnet(addressSpace, 24, 3)
  reports: cidrSubnet(addressSpace, 27, 32)
}

resource address 'Microsoft.Network/publicIPAddresses@2026-03-01' = {
  name: '${prefix}-out'
  location: location
  tags: tags
  sku: { name: 'Standard' }
  zones: ['1', '2', '3']
  properties: { publicIPAllocationMethod: 'Static' }
}

resource nat 'Microsoft.Network/natGateways@2026-03-01' = {
  name: '${prefix}-nat'
  location: location
  tags: tags
  sku: { name: 'Standard' }
  properties: { publicIpAddresses: [{ id: address.id }], idleTimeoutInMinutes: 4 }
}

// Container Apps let the ingress of the pages in at 443; nothing else comes from outside.
resource containersRules 'Microsoft.Network/networkSecurityGroups@2026-03-01' = {
  name: '${prefix}-containers'
  location: location
  tags: tags
  properties: {
    securityRules: [
      {
        name: 'pages'
        properties: {
          priority: 100
          direction: 'Inbound'
          access: 'Allow'
          protocol: 'Tcp'
          sourceAddressPrefix: 'Internet'
          sourcePortRange: '*'
          destinationAddressPrefix: subnets.containers
          destinationPortRange: '443'
        }
      }
    ]
  }
}

resource endpointsRules 'Microsoft.Network/networkSecurityGroups@2026-03-01' = {
  name: '${prefix}-endpoints'
  location: location
  tags: tags
  properties: {
    securityRules: [
      {
        name: 'nothing-from-outside'
        properties: {
          priority: 100
          direction: 'Inbound'
          access: 'Deny'
          protocol: '*'
          sourceAddressPrefix: 'Internet'
          sourcePortRange: '*'
          destinationAddressPrefix: '*'
          destinationPortRange: '*'
        }
      }
    ]
  }
}

resource network 'Microsoft.Network/virtualNetworks@2026-03-01' = {
  name: '${prefix}-network'
  location: location
  tags: tags
  properties: {
    addressSpace: { addressPrefixes: [addressSpace] }
    subnets: concat(
      [
        {
          name: 'containers'
          properties: {
            addressPrefix: subnets.containers
            natGateway: { id: nat.id }
            networkSecurityGroup: { id: containersRules.id }
            delegations: [{ name: 'containers', properties: { serviceName: 'Microsoft.App/environments' } }]
          }
        }
        {
          name: 'functions'
          properties: {
            addressPrefix: subnets.functions
            natGateway: { id: nat.id }
            networkSecurityGroup: { id: endpointsRules.id }
            delegations: [{ name: 'functions', properties: { serviceName: 'Microsoft.App/environments' } }]
          }
        }
        {
          name: 'endpoints'
          properties: {
            addressPrefix: subnets.endpoints
            networkSecurityGroup: { id: endpointsRules.id }
            privateEndpointNetworkPolicies: 'NetworkSecurityGroupEnabled'
            defaultOutboundAccess: false
          }
        }
      ],
      hasReports
        ? [
            {
              name: 'reports'
              properties: {
                addressPrefix: subnets.reports
                natGateway: { id: nat.id }
                networkSecurityGroup: { id: endpointsRules.id }
                delegations: [
                  { name: 'reports', properties: { serviceName: 'Microsoft.PowerPlatform/vnetaccesslinks' } }
                ]
              }
            }
          ]
        : []
    )
  }
}

#disable-next-line use-recent-api-versions // the only later one than that of 2016
resource networkDiagnostics 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  name: 'to-logs'
  scope: network
  properties: {
    workspaceId: workspaceId
    logs: [{ categoryGroup: 'allLogs', enabled: true }]
    metrics: [{ category: 'AllMetrics', enabled: true }]
  }
}

#disable-next-line use-recent-api-versions // the only later one than that of 2016
resource addressDiagnostics 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  name: 'to-logs'
  scope: address
  properties: {
    workspaceId: workspaceId
    logs: [{ categoryGroup: 'allLogs', enabled: true }]
    metrics: [{ category: 'AllMetrics', enabled: true }]
  }
}

#disable-next-line use-recent-api-versions // the only later one than that of 2016
resource containersRulesDiagnostics 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  name: 'to-logs'
  scope: containersRules
  properties: {
    workspaceId: workspaceId
    logs: [{ categoryGroup: 'allLogs', enabled: true }]
  }
}

#disable-next-line use-recent-api-versions // the only later one than that of 2016
resource endpointsRulesDiagnostics 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  name: 'to-logs'
  scope: endpointsRules
  properties: {
    workspaceId: workspaceId
    logs: [{ categoryGroup: 'allLogs', enabled: true }]
  }
}

@description('The network.')
output networkId string = network.id
@description('Subnet of Container Apps.')
output containersSubnetId string = '${network.id}/subnets/containers'
@description('Subnet that the Functions app goes out by.')
output functionsSubnetId string = '${network.id}/subnets/functions'
@description('Subnet of the private endpoints.')
output endpointsSubnetId string = '${network.id}/subnets/endpoints'
@description('The one address that programs go out by: who is called knows them by it.')
output outAddress string = address.properties.ipAddress
