// Azure Machine Learning: trains where a training asks for it, and costs nothing while nothing trains. It has storage and a vault of its
// own, so that what the workspace may do reaches neither the home's secrets nor, but for the cluster's identity, its lake.

import { byIdentity, roles } from 'roles.bicep'

@description('Region.')
param location string
@description('Tags of everything that is made here.')
param tags { *: string }
@description('Begins the names.')
param prefix string
@description('Makes names unique that are the whole world\'s.')
param suffix string
@description('Whom roles are given to, by name.')
param principals byIdentity
@description('Resource ids of the identities, by name.')
param identities byIdentity
@description('Where logs go.')
param workspaceId string
@description('Application Insights.')
param insightsId string
@description('The registry of images.')
param registryId string
@description('Whether it may be reached from outside of the network.')
param isPublic bool
@description('The lake\'s account.')
param lakeId string
@description('The lake\'s account.')
param lakeName string
@description('Container of the home.')
param containerName string
@description('Size of a machine of the cluster.')
param vmSize string
@description('Machines of the cluster at the most.')
@minValue(1)
param mostMachines int
@description('Image that jobs run in, made from pipelines/azureml/Dockerfile; empty to make the environment by hand.')
param image string
@description('Version of the environment: another with every version of the program.')
param imageVersion string

@description('Who may do what with it.')
var access = [
  { identity: 'functions', role: 'AzureML Data Scientist' }
]
@description('Who may read and write what jobs leave.')
var accessToFiles = [
  { identity: 'ml', role: 'Storage Blob Data Contributor' }
]
@description('Begins names that may only be short.')
var shortPrefix = take(replace(prefix, '-', ''), 10)

resource files 'Microsoft.Storage/storageAccounts@2026-09-01' = {
  name: '${shortPrefix}files${suffix}'
  location: location
  tags: tags
  kind: 'StorageV2'
  sku: { name: 'Standard_LRS' }
  properties: {
    allowBlobPublicAccess: false
    allowSharedKeyAccess: false
    allowCrossTenantReplication: false
    defaultToOAuthAuthentication: true
    minimumTlsVersion: 'TLS1_2'
    supportsHttpsTrafficOnly: true
    publicNetworkAccess: isPublic ? 'Enabled' : 'Disabled'
    // The service itself works with what is the workspace's own, from outside of the network.
    networkAcls: {
      defaultAction: isPublic ? 'Allow' : 'Deny'
      bypass: 'AzureServices'
      resourceAccessRules: [
        {
          tenantId: tenant().tenantId
          resourceId: resourceId('Microsoft.MachineLearningServices/workspaces', '${prefix}-ml')
        }
      ]
    }
  }

  resource blobs 'blobServices' = { name: 'default' }
}

resource vault 'Microsoft.KeyVault/vaults@2026-05-15' = {
  name: '${shortPrefix}-ml-${suffix}'
  location: location
  tags: tags
  properties: {
    tenantId: tenant().tenantId
    sku: { family: 'A', name: 'standard' }
    enableRbacAuthorization: true
    enableSoftDelete: true
    enablePurgeProtection: true
    publicNetworkAccess: isPublic ? 'Enabled' : 'Disabled'
    networkAcls: { defaultAction: isPublic ? 'Allow' : 'Deny', bypass: 'AzureServices' }
  }
}

resource workspace 'Microsoft.MachineLearningServices/workspaces@2026-09-01' = {
  name: '${prefix}-ml'
  location: location
  tags: tags
  kind: 'Default'
  sku: { name: 'Basic', tier: 'Basic' }
  // The service gives this identity what it needs on the resources named here; no other has roles by it.
  identity: { type: 'SystemAssigned' }
  properties: {
    friendlyName: 'Training of ${prefix}'
    storageAccount: files.id
    keyVault: vault.id
    applicationInsights: insightsId
    containerRegistry: registryId
    publicNetworkAccess: isPublic ? 'Enabled' : 'Disabled'
    systemDatastoresAuthMode: 'Identity'
    v1LegacyMode: false
    managedNetwork: isPublic
      ? { isolationMode: 'Disabled' }
      : {
          isolationMode: 'AllowOnlyApprovedOutbound'
          outboundRules: {
            lake: {
              type: 'PrivateEndpoint'
              category: 'UserDefined'
              destination: { serviceResourceId: lakeId, subresourceTarget: 'blob', sparkEnabled: false }
            }
          }
        }
  }

  resource cluster 'computes' = {
    name: 'cpu'
    location: location
    tags: tags
    identity: { type: 'UserAssigned', userAssignedIdentities: { '${identities.ml}': {} } }
    properties: {
      computeType: 'AmlCompute'
      disableLocalAuth: true
      properties: {
        vmSize: vmSize
        vmPriority: 'Dedicated'
        enableNodePublicIp: isPublic
        remoteLoginPortPublicAccess: 'Disabled'
        scaleSettings: { minNodeCount: 0, maxNodeCount: mostMachines, nodeIdleTimeBeforeScaleDown: 'PT5M' }
      }
    }
  }

  // By identity: whoever runs a job reads the lake as the cluster's identity, and no key lies in the workspace.
  resource datastore 'datastores' = {
    name: 'home'
    properties: {
      datastoreType: 'AzureBlob'
      accountName: lakeName
      containerName: containerName
      endpoint: az.environment().suffixes.storage
      protocol: 'https'
      serviceDataAccessAuthIdentity: 'None'
      credentials: { credentialsType: 'None' }
    }
  }

  resource environments 'environments' = if (!empty(image)) {
    name: 'rmon'
    properties: { description: 'The rmon program with LightGBM.' }

    resource version 'versions' = {
      name: imageVersion
      properties: { image: image, osType: 'Linux' }
    }
  }
}

resource assignments 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for one in access: {
    name: guid(workspace.id, one.identity, one.role)
    scope: workspace
    properties: {
      principalId: principals[one.identity]
      principalType: 'ServicePrincipal'
      roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles[one.role])
    }
  }
]

resource filesAssignments 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for one in accessToFiles: {
    name: guid(files.id, one.identity, one.role)
    scope: files
    properties: {
      principalId: principals[one.identity]
      principalType: 'ServicePrincipal'
      roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles[one.role])
    }
  }
]

#disable-next-line use-recent-api-versions // the only later one than that of 2016
resource filesDiagnostics 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  name: 'to-logs'
  scope: files
  properties: {
    workspaceId: workspaceId
    metrics: [{ category: 'AllMetrics', enabled: true }]
  }
}

#disable-next-line use-recent-api-versions // the only later one than that of 2016
resource blobsDiagnostics 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  name: 'to-logs'
  scope: files::blobs
  properties: {
    workspaceId: workspaceId
    logs: [{ categoryGroup: 'audit', enabled: true }]
    metrics: [{ category: 'AllMetrics', enabled: true }]
  }
}

#disable-next-line use-recent-api-versions // the only later one than that of 2016
resource vaultDiagnostics 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  name: 'to-logs'
  scope: vault
  properties: {
    workspaceId: workspaceId
    logs: [{ categoryGroup: 'allLogs', enabled: true }]
    metrics: [{ category: 'AllMetrics', enabled: true }]
  }
}

#disable-next-line use-recent-api-versions // the only later one than that of 2016
resource workspaceDiagnostics 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  name: 'to-logs'
  scope: workspace
  properties: {
    workspaceId: workspaceId
    logs: [{ categoryGroup: 'allLogs', enabled: true }]
    metrics: [{ category: 'AllMetrics', enabled: true }]
  }
}

@description('Resource id.')
output id string = workspace.id
@description('Its storage.')
output filesId string = files.id
@description('Its vault.')
output vaultId string = vault.id
@description('Settings of who submits jobs; none while there is no image to run them in.')
output settings { *: string } = empty(image)
  ? {}
  : {
      RMON_AZUREML_SUBSCRIPTION: subscription().subscriptionId
      RMON_AZUREML_RESOURCE_GROUP: resourceGroup().name
      RMON_AZUREML_WORKSPACE: workspace.name
      RMON_AZUREML_COMPUTE: workspace::cluster.name
      RMON_AZUREML_ENVIRONMENT: 'rmon:${imageVersion}'
      RMON_AZUREML_DATASTORE: workspace::datastore.name
    }
