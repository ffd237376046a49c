// One private endpoint, and its names.

@description('Region.')
param location string
@description('Tags of everything that is made here.')
param tags { *: string }
@description('Its name.')
param name string
@description('Resource id of what it leads to.')
param targetId string
@description('Which of its services.')
param group string
@description('Private DNS zones that name it.')
param zones string[]
@description('Subnet of the endpoint.')
param subnetId string

resource endpoint 'Microsoft.Network/privateEndpoints@2026-03-01' = {
  name: name
  location: location
  tags: tags
  properties: {
    subnet: { id: subnetId }
    privateLinkServiceConnections: [
      {
        name: name
        properties: { privateLinkServiceId: targetId, groupIds: [group] }
      }
    ]
  }

  resource names 'privateDnsZoneGroups' = {
    name: 'names'
    properties: {
      privateDnsZoneConfigs: [
        for zone in zones: {
          name: replace(zone, '.', '-')
          properties: { privateDnsZoneId: resourceId('Microsoft.Network/privateDnsZones', zone) }
        }
      ]
    }
  }
}
