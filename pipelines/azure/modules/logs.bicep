// Where logs and metrics of everything go: one workspace, and Application Insights over it. Keys let nobody in.

import { byIdentity, roles } from 'roles.bicep'

@description('Region.')
param location string
@description('Tags of everything that is made here.')
param tags { *: string }
@description('Begins the names.')
param prefix string
@description('Whom roles are given to, by name.')
param principals byIdentity
@description('Whether the workspace may be written and asked from outside of the network.')
param isPublic bool
@description('Days that logs are kept.')
@minValue(30)
@maxValue(730)
param retentionDays int

// Metrics and traces are sent by identity; nobody may read them by these roles.
@description('Who may do what with it.')
var access = [
  { identity: 'worker', role: 'Monitoring Metrics Publisher' }
  { identity: 'functions', role: 'Monitoring Metrics Publisher' }
  { identity: 'worklist', role: 'Monitoring Metrics Publisher' }
]

resource workspace 'Microsoft.OperationalInsights/workspaces@2026-03-01' = {
  name: '${prefix}-logs'
  location: location
  tags: tags
  properties: {
    sku: { name: 'PerGB2018' }
    retentionInDays: retentionDays
    features: { disableLocalAuth: true, enableLogAccessUsingOnlyResourcePermissions: true }
    publicNetworkAccessForIngestion: isPublic ? 'Enabled' : 'Disabled'
    publicNetworkAccessForQuery: isPublic ? 'Enabled' : 'Disabled'
  }
}

resource insights 'Microsoft.Insights/components@2020-02-02' = {
  name: '${prefix}-insights'
  location: location
  tags: tags
  kind: 'web'
  properties: {
    Application_Type: 'web'
    WorkspaceResourceId: workspace.id
    DisableLocalAuth: true
    DisableIpMasking: false
    publicNetworkAccessForIngestion: isPublic ? 'Enabled' : 'Disabled'
    publicNetworkAccessForQuery: isPublic ? 'Enabled' : 'Disabled'
  }
}

resource assignments 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for one in access: {
    name: guid(insights.id, one.identity, one.role)
    scope: insights
    properties: {
      principalId: principals[one.identity]
      principalType: 'ServicePrincipal'
      roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles[one.role])
    }
  }
]

#disable-next-line use-recent-api-versions // the only later one than that of 2016
resource workspaceDiagnostics 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  name: 'to-logs'
  scope: workspace
  properties: {
    workspaceId: workspace.id
    logs: [{ categoryGroup: 'allLogs', enabled: true }]
    metrics: [{ category: 'AllMetrics', enabled: true }]
  }
}

// Its own tables lie in the workspace already: a setting would write them twice. Of the rest there are metrics.
#disable-next-line use-recent-api-versions // the only later one than that of 2016
resource insightsDiagnostics 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  name: 'to-logs'
  scope: insights
  properties: {
    workspaceId: workspace.id
    metrics: [{ category: 'AllMetrics', enabled: true }]
  }
}

// In a closed network agents and queries reach Azure Monitor by one private endpoint for all of its addresses.
resource link 'microsoft.insights/privateLinkScopes@2021-09-01' = if (!isPublic) {
  name: '${prefix}-monitor'
  location: 'global'
  tags: tags
  properties: {
    accessModeSettings: { ingestionAccessMode: 'PrivateOnly', queryAccessMode: 'PrivateOnly' }
  }

  resource ofWorkspace 'scopedResources' = {
    name: 'workspace'
    properties: { linkedResourceId: workspace.id }
  }

  resource ofInsights 'scopedResources' = {
    name: 'insights'
    properties: { linkedResourceId: insights.id }
  }
}

@description('Where logs go.')
output workspaceId string = workspace.id
@description('What queries name the workspace by.')
output workspaceCustomerId string = workspace.properties.customerId
@description('Application Insights.')
output insightsId string = insights.id
@description('Where telemetry goes. The key in it names the resource and lets nobody in.')
output connectionString string = insights.properties.ConnectionString
@description('The private link of Azure Monitor; empty where the network is open.')
output linkId string = link.?id ?? ''
