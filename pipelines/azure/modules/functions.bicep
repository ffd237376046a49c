// The workflows on Durable Functions, Flex Consumption: it has the network, and lets an activity take the hour that host.json grants.

import { byIdentity } from 'roles.bicep'

@description('Region.')
param location string
@description('Tags of everything that is made here.')
param tags { *: string }
@description('Begins the names.')
param prefix string
@description('Makes names unique that are the whole world\'s.')
param suffix string
@description('Account of the task hub and of packages.')
param hostName string
@description('URL of the container that packages are deployed to.')
param packages string
@description('Resource ids of the identities, by name.')
param identities byIdentity
@description('Client ids of the identities, by name.')
param clients byIdentity
@description('Where logs go.')
param workspaceId string
@description('Where telemetry goes.')
param connectionString string
@description('Whether it may be reached from outside of the network.')
param isPublic bool
@description('Subnet to go out by; empty for none.')
param subnetId string
@description('URL of the home\'s container, and of its documents.')
param blobs string
@description('RMON_COSMOS.')
param cosmos string
@description('Ends in a slash.')
param vaultUrl string
@description('Settings of who submits jobs to Azure Machine Learning.')
param learning { *: string }
@description('Text of a schedules.json; empty for the bundled schedules.')
param schedules string
@description('Machines at the most. One holds 16 activities at a time.')
@minValue(40)
@maxValue(1000)
param mostMachines int
@description('Memory of a machine.')
@allowed([2048, 4096])
param memoryMB int

resource plan 'Microsoft.Web/serverfarms@2025-03-01' = {
  name: '${prefix}-functions'
  location: location
  tags: tags
  kind: 'functionapp'
  sku: { name: 'FC1', tier: 'FlexConsumption' }
  properties: { reserved: true, zoneRedundant: !isPublic }
}

resource app 'Microsoft.Web/sites@2025-03-01' = {
  name: '${prefix}-functions-${suffix}'
  location: location
  tags: union(tags, { 'azd-service-name': 'functions' })
  kind: 'functionapp,linux'
  identity: { type: 'UserAssigned', userAssignedIdentities: { '${identities.functions}': {} } }
  properties: {
    serverFarmId: plan.id
    httpsOnly: true
    clientAffinityEnabled: false
    publicNetworkAccess: isPublic ? 'Enabled' : 'Disabled'
    virtualNetworkSubnetId: empty(subnetId) ? null : subnetId
    siteConfig: { minTlsVersion: '1.2', scmMinTlsVersion: '1.2', ftpsState: 'Disabled', http20Enabled: true }
    functionAppConfig: {
      runtime: { name: 'dotnet-isolated', version: '10.0' }
      scaleAndConcurrency: {
        maximumInstanceCount: mostMachines
        instanceMemoryMB: memoryMB
        alwaysReady: isPublic ? [] : [{ name: 'durable', instanceCount: 1 }]
      }
      deployment: {
        storage: {
          type: 'blobContainer'
          value: packages
          authentication: { type: 'UserAssignedIdentity', userAssignedIdentityResourceId: identities.functions }
        }
      }
    }
  }

  resource settings 'config' = {
    name: 'appsettings'
    properties: union(
      {
        AzureWebJobsStorage__accountName: hostName
        AzureWebJobsStorage__credential: 'managedidentity'
        AzureWebJobsStorage__clientId: clients.functions
        AZURE_CLIENT_ID: clients.functions
        APPLICATIONINSIGHTS_CONNECTION_STRING: connectionString
        APPLICATIONINSIGHTS_AUTHENTICATION_STRING: 'Authorization=AAD;ClientId=${clients.functions}'
        RMON_BLOBS: blobs
        RMON_COSMOS: cosmos
        RMON_ERASURE_KEY: '${vaultUrl}erasure-key'
        RMON_REGISTRY_KEY: '${vaultUrl}registry-key'
        RMON_HANDLE_KEY: '${vaultUrl}handle-key'
        RMON_FOLLOW_UPS: '${vaultUrl}follow-ups'
        RMON_FOLLOW_UP_SECRET: '${vaultUrl}follow-up-secret'
      },
      learning,
      empty(schedules) ? {} : { RMON_SCHEDULES: schedules }
    )
  }

  resource ftp 'basicPublishingCredentialsPolicies' = { name: 'ftp', properties: { allow: false } }

  resource scm 'basicPublishingCredentialsPolicies' = { name: 'scm', properties: { allow: false } }
}

#disable-next-line use-recent-api-versions // the only later one than that of 2016
resource planDiagnostics 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  name: 'to-logs'
  scope: plan
  properties: {
    workspaceId: workspaceId
    metrics: [{ category: 'AllMetrics', enabled: true }]
  }
}

#disable-next-line use-recent-api-versions // the only later one than that of 2016
resource appDiagnostics 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  name: 'to-logs'
  scope: app
  properties: {
    workspaceId: workspaceId
    logs: [{ categoryGroup: 'allLogs', enabled: true }]
    metrics: [{ category: 'AllMetrics', enabled: true }]
  }
}

@description('Its name.')
output name string = app.name
@description('The app.')
output appId string = app.id
