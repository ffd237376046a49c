// The home's lake: the record that everything else is made again from. Keys let nobody in, and nothing keeps bytes that were deleted:
// an erasure has to reach them, so there are no versions and no soft delete. A lock keeps the account itself from being deleted.

import { byIdentity, roles } from 'roles.bicep'

@description('Region.')
param location string
@description('Tags of everything that is made here.')
param tags { *: string }
@description('Its name, unique in the whole world.')
@minLength(3)
@maxLength(24)
param name string
@description('Whom roles are given to, by name.')
param principals byIdentity
@description('Where logs go.')
param workspaceId string
@description('Whether it may be reached from outside of the network.')
param isPublic bool
@description('Name of the cohort.')
param cohort string
@description('How often it is kept: Standard_LRS, Standard_ZRS, Standard_GZRS.')
param sku string

@description('Container of the home: each cohort is a folder of it.')
var containerName = 'home'

@description('What becomes cool, or goes, by age. Nothing that a ledger entry or a model may refer to goes, and nothing is archived: the program reads it when it likes.')
var lifecycle = loadJsonContent('../lifecycle.json')

@description('Who may do what with it.')
var access = [
  { identity: 'worker', role: 'Storage Blob Data Contributor' }
  { identity: 'functions', role: 'Storage Blob Data Contributor' }
  { identity: 'worklist', role: 'Storage Blob Data Contributor' }
  { identity: 'ml', role: 'Storage Blob Data Reader', below: '${cohort}/gold/features/*/snapshots/*' }
  { identity: 'ml', role: 'Storage Blob Data Contributor', below: '${cohort}/work/*' }
]
@description('Operations on the bytes of a file. Names may be listed: they say nobody.')
var operations = map(
  [
    'read\'} AND NOT SubOperationMatches{\'Blob.List'
    'write'
    'add/action'
    'delete'
    'move/action'
  ],
  one => '!(ActionMatches{\'Microsoft.Storage/storageAccounts/blobServices/containers/blobs/${one}\'})'
)

resource account 'Microsoft.Storage/storageAccounts@2026-09-01' = {
  name: name
  location: location
  tags: tags
  kind: 'StorageV2'
  sku: { name: sku }
  properties: {
    accessTier: 'Hot'
    isHnsEnabled: true
    allowBlobPublicAccess: false
    allowSharedKeyAccess: false
    allowCrossTenantReplication: false
    defaultToOAuthAuthentication: true
    minimumTlsVersion: 'TLS1_2'
    supportsHttpsTrafficOnly: true
    publicNetworkAccess: isPublic ? 'Enabled' : 'Disabled'
    networkAcls: { defaultAction: isPublic ? 'Allow' : 'Deny', bypass: 'None' }
    encryption: {
      keySource: 'Microsoft.Storage'
      requireInfrastructureEncryption: true
      services: { blob: { enabled: true, keyType: 'Account' }, file: { enabled: true, keyType: 'Account' } }
    }
  }

  resource blobs 'blobServices' = {
    name: 'default'
    properties: {
      isVersioningEnabled: false
      deleteRetentionPolicy: { enabled: false }
      containerDeleteRetentionPolicy: { enabled: false }
    }

    resource home 'containers' = {
      name: containerName
      properties: { publicAccess: 'None' }
    }
  }

  resource policies 'managementPolicies' = {
    name: 'default'
    properties: {
      policy: {
        rules: [
          for rule in lifecycle: {
            name: rule.name
            type: 'Lifecycle'
            enabled: true
            definition: {
              filters: { blobTypes: ['blockBlob'], prefixMatch: ['${containerName}/${cohort}/${rule.path}'] }
              actions: {
                baseBlob: {
                  tierToCool: rule.then == 'cool' ? { daysAfterModificationGreaterThan: rule.afterDays } : null
                  delete: rule.then == 'delete' ? { daysAfterModificationGreaterThan: rule.afterDays } : null
                }
              }
            }
          }
        ]
      }
    }
    dependsOn: [blobs]
  }
}

resource lock 'Microsoft.Authorization/locks@2020-05-01' = {
  name: 'the-record'
  scope: account
  properties: {
    level: 'CanNotDelete'
    notes: 'The lake is the record: documents, features and lists are made again from it, and it from nothing.'
  }
}

resource assignments 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for one in access: {
    name: guid(account::blobs::home.id, one.identity, one.role)
    scope: account::blobs::home
    properties: {
      principalId: principals[one.identity]
      principalType: 'ServicePrincipal'
      roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles[one.role])
      // Machines that train run what they are told: they read snapshots, and write where nothing is kept.
      conditionVersion: contains(one, 'below') ? '2.0' : null
      condition: contains(one, 'below')
        ? '((${join(operations, ' AND ')}) OR (@Resource[Microsoft.Storage/storageAccounts/blobServices/containers/blobs:path] StringLike \'${one.?below}\'))'
        : null
    }
  }
]

#disable-next-line use-recent-api-versions // the only later one than that of 2016
resource accountDiagnostics 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  name: 'to-logs'
  scope: account
  properties: {
    workspaceId: workspaceId
    metrics: [{ category: 'AllMetrics', enabled: true }]
  }
}

#disable-next-line use-recent-api-versions // the only later one than that of 2016
resource diagnostics 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  name: 'to-logs'
  scope: account::blobs
  properties: {
    workspaceId: workspaceId
    logs: [{ categoryGroup: 'audit', enabled: true }]
    metrics: [{ category: 'AllMetrics', enabled: true }]
  }
}

@description('Resource id.')
output id string = account.id
@description('Its name.')
output name string = account.name
@description('Container of the home.')
output containerName string = containerName
@description('RMON_BLOBS.')
output containerUrl string = '${account.properties.primaryEndpoints.blob}${containerName}'
