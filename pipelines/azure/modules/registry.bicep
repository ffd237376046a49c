// Images of the programs and of training. Only identities pull; the pipeline that publishes pushes as who it is.

import { byIdentity, roles } from 'roles.bicep'

@description('Region.')
param location string
@description('Tags of everything that is made here.')
param tags { *: string }
@description('Its name, unique in the whole world.')
param name string
@description('Whom roles are given to, by name.')
param principals byIdentity
@description('Where logs go.')
param workspaceId string
@description('Whether it may be reached from outside of the network.')
param isPublic bool

@description('Who may do what with it.')
var access = [
  { identity: 'worker', role: 'AcrPull' }
  { identity: 'worklist', role: 'AcrPull' }
  { identity: 'ml', role: 'AcrPull' }
]

resource registry 'Microsoft.ContainerRegistry/registries@2025-11-01' = {
  name: name
  location: location
  tags: tags
  // Private endpoints begin with Premium.
  sku: { name: isPublic ? 'Basic' : 'Premium' }
  properties: {
    adminUserEnabled: false
    anonymousPullEnabled: false
    publicNetworkAccess: isPublic ? 'Enabled' : 'Disabled'
    networkRuleBypassOptions: 'None'
  }
}

resource assignments 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for one in access: {
    name: guid(registry.id, one.identity, one.role)
    scope: registry
    properties: {
      principalId: principals[one.identity]
      principalType: 'ServicePrincipal'
      roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles[one.role])
    }
  }
]

#disable-next-line use-recent-api-versions // the only later one than that of 2016
resource diagnostics 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  name: 'to-logs'
  scope: registry
  properties: {
    workspaceId: workspaceId
    logs: [{ categoryGroup: 'allLogs', enabled: true }]
    metrics: [{ category: 'AllMetrics', enabled: true }]
  }
}

@description('Resource id.')
output id string = registry.id
@description('Where images are pulled from.')
output server string = registry.properties.loginServer
