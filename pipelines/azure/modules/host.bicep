// Storage of the Functions host: its task hub, which the workflows' histories lie in, and the package that is deployed.

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
  { identity: 'functions', role: 'Storage Blob Data Contributor' }
  { identity: 'functions', role: 'Storage Queue Data Contributor' }
  { identity: 'functions', role: 'Storage Table Data Contributor' }
]

resource host 'Microsoft.Storage/storageAccounts@2026-09-01' = {
  name: name
  location: location
  tags: tags
  kind: 'StorageV2'
  sku: { name: isPublic ? 'Standard_LRS' : 'Standard_ZRS' }
  properties: {
    allowBlobPublicAccess: false
    allowSharedKeyAccess: false
    allowCrossTenantReplication: false
    defaultToOAuthAuthentication: true
    minimumTlsVersion: 'TLS1_2'
    supportsHttpsTrafficOnly: true
    publicNetworkAccess: isPublic ? 'Enabled' : 'Disabled'
    networkAcls: { defaultAction: isPublic ? 'Allow' : 'Deny', bypass: 'None' }
  }

  // Histories of follow-ups name patients and are purged: no copy stays.
  resource blobs 'blobServices' = {
    name: 'default'
    properties: { deleteRetentionPolicy: { enabled: false }, containerDeleteRetentionPolicy: { enabled: false } }

    resource packages 'containers' = { name: 'packages', properties: { publicAccess: 'None' } }
  }

  resource queues 'queueServices' = { name: 'default' }

  resource tables 'tableServices' = { name: 'default' }
}

resource assignments 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for one in access: {
    name: guid(host.id, one.identity, one.role)
    scope: host
    properties: {
      principalId: principals[one.identity]
      principalType: 'ServicePrincipal'
      roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles[one.role])
    }
  }
]

#disable-next-line use-recent-api-versions // the only later one than that of 2016
resource hostDiagnostics 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  name: 'to-logs'
  scope: host
  properties: {
    workspaceId: workspaceId
    metrics: [{ category: 'AllMetrics', enabled: true }]
  }
}

#disable-next-line use-recent-api-versions // the only later one than that of 2016
resource blobsDiagnostics 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  name: 'to-logs'
  scope: host::blobs
  properties: {
    workspaceId: workspaceId
    metrics: [{ category: 'AllMetrics', enabled: true }]
  }
}

// Names of instances are in the addresses of queues and tables, and may name patients: figures only.
#disable-next-line use-recent-api-versions // the only later one than that of 2016
resource queuesDiagnostics 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  name: 'to-logs'
  scope: host::queues
  properties: {
    workspaceId: workspaceId
    metrics: [{ category: 'AllMetrics', enabled: true }]
  }
}

#disable-next-line use-recent-api-versions // the only later one than that of 2016
resource tablesDiagnostics 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  name: 'to-logs'
  scope: host::tables
  properties: {
    workspaceId: workspaceId
    metrics: [{ category: 'AllMetrics', enabled: true }]
  }
}

@description('Resource id.')
output id string = host.id
@description('Its name.')
output name string = host.name
@description('Where packages are deployed to.')
output packages string = '${host.properties.primaryEndpoints.blob}${host::blobs::packages.name}'
