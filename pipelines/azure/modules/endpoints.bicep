// Private endpoints, with the names in private DNS that lead to them instead of to the public address.

@description('A service that is reached from within the network alone.')
type endpoint = {
  @description('Name of the endpoint.')
  name: string
  @description('Resource id of what it leads to.')
  targetId: string
  @description('Which of its services: blob, vault, Sql, …')
  group: string
  @description('Private DNS zones that name it.')
  zones: string[]
}

@description('Region.')
param location string
@description('Tags of everything that is made here.')
param tags { *: string }
@description('The network that the names hold in.')
param networkId string
@description('Subnet of the endpoints.')
param subnetId string
@description('All of them.')
param endpoints endpoint[]
@description('All zones that the endpoints name.')
param zones string[]

resource zonesOfAll 'Microsoft.Network/privateDnsZones@2024-06-01' = [
  for zone in zones: {
    name: zone
    location: 'global'
    tags: tags
  }
]

resource links 'Microsoft.Network/privateDnsZones/virtualNetworkLinks@2024-06-01' = [
  for (zone, i) in zones: {
    name: 'network'
    parent: zonesOfAll[i]
    location: 'global'
    tags: tags
    properties: {
      registrationEnabled: false
      virtualNetwork: { id: networkId }
    }
  }
]

module all 'endpoint.bicep' = [
  for one in endpoints: {
    params: {
      location: location
      tags: tags
      name: one.name
      targetId: one.targetId
      group: one.group
      zones: one.zones
      subnetId: subnetId
    }
    dependsOn: [zonesOfAll]
  }
]
