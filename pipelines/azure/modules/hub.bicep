// Devices → IoT Hub → route → Event Hubs → worker. Devices are at home, so their end of the hub and its provisioning stay open to the
// internet, over TLS, each device with a certificate or key of its own. Everything behind them is let in by identity.

import { byIdentity, roles } from 'roles.bicep'

@description('Region.')
param location string
@description('Tags of everything that is made here.')
param tags { *: string }
@description('Begins the names.')
param prefix string
@description('Makes the names unique that are the whole world\'s.')
param suffix string
@description('Whom roles are given to, by name.')
param principals byIdentity
@description('Resource ids of the identities, by name.')
param identities byIdentity
@description('Where logs go.')
param workspaceId string
@description('Whether it may be reached from outside of the network.')
param isPublic bool
@description('Units of the hub: S1 takes 400,000 messages a day each, S2 6 million.')
param hubSku { name: 'S1' | 'S2' | 'S3', capacity: int }
@description('Partitions of hub and stream. A worker reads one at least; they cannot be changed later.')
@minValue(2)
@maxValue(32)
param partitions int
@description('Throughput units that the stream grows to by itself: 1 MB a second in each.')
@minValue(1)
@maxValue(40)
param mostThroughputUnits int
@description('Whether it is spread over zones.')
param zoneRedundant bool

@description('Who may do what with it.')
var access = [
  { identity: 'hub', role: 'Azure Event Hubs Data Sender' }
  { identity: 'worker', role: 'Azure Event Hubs Data Receiver' }
]
@description('Who may make devices.')
var accessToHub = [
  { identity: 'provisioning', role: 'IoT Hub Data Contributor' }
]

resource stream 'Microsoft.EventHub/namespaces@2026-01-01' = {
  name: '${prefix}-stream-${suffix}'
  location: location
  tags: tags
  // The Kafka endpoint begins with Standard.
  sku: { name: 'Standard', tier: 'Standard', capacity: 1 }
  properties: {
    disableLocalAuth: true
    minimumTlsVersion: '1.2'
    publicNetworkAccess: isPublic ? 'Enabled' : 'Disabled'
    isAutoInflateEnabled: true
    maximumThroughputUnits: mostThroughputUnits
    zoneRedundant: zoneRedundant
  }

  // IoT Hub comes in as a trusted service, by its identity, where the network is closed.
  resource rules 'networkRuleSets' = {
    name: 'default'
    properties: {
      publicNetworkAccess: isPublic ? 'Enabled' : 'Disabled'
      defaultAction: isPublic ? 'Allow' : 'Deny'
      trustedServiceAccessEnabled: true
    }
  }

  resource telemetry 'eventhubs' = {
    name: 'telemetry'
    properties: {
      partitionCount: partitions
      // As long as Standard keeps: so long may the worker be away before anything is lost.
      retentionDescription: { cleanupPolicy: 'Delete', retentionTimeInHours: 168 }
    }

    // The worker's Kafka group of this name makes itself; this one is for who looks in over AMQP.
    resource group 'consumergroups' = { name: 'rmon' }
  }
}

resource assignments 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for one in access: {
    name: guid(stream::telemetry.id, one.identity, one.role)
    scope: stream::telemetry
    properties: {
      principalId: principals[one.identity]
      principalType: 'ServicePrincipal'
      roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles[one.role])
    }
  }
]

resource hub 'Microsoft.Devices/IotHubs@2026-11-01' = {
  name: '${prefix}-hub-${suffix}'
  location: location
  tags: tags
  sku: hubSku
  identity: { type: 'UserAssigned', userAssignedIdentities: { '${identities.hub}': {} } }
  properties: {
    // Keys of the hub let nobody in; those of single devices do, of which each is good for one device.
    disableLocalAuth: true
    disableDeviceSAS: false
    minTlsVersion: '1.2'
    publicNetworkAccess: 'Enabled'
    enableFileUploadNotifications: false
    eventHubEndpoints: { events: { partitionCount: partitions, retentionTimeInDays: 1 } }
    routing: {
      endpoints: {
        eventHubs: [
          {
            name: 'stream'
            authenticationType: 'identityBased'
            identity: { userAssignedIdentity: identities.hub }
            endpointUri: 'sb://${split(stream.properties.serviceBusEndpoint, '/')[2]}'
            entityPath: stream::telemetry.name
            subscriptionId: subscription().subscriptionId
            resourceGroup: resourceGroup().name
          }
        ]
      }
      // The fallback would send what no route takes to an endpoint that nobody reads.
      fallbackRoute: { source: 'DeviceMessages', endpointNames: ['events'], isEnabled: false, condition: 'true' }
      routes: [
        { name: 'telemetry', source: 'DeviceMessages', endpointNames: ['stream'], isEnabled: true, condition: 'true' }
      ]
    }
  }
  dependsOn: [assignments]
}

resource hubAssignments 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for one in accessToHub: {
    name: guid(hub.id, one.identity, one.role)
    scope: hub
    properties: {
      principalId: principals[one.identity]
      principalType: 'ServicePrincipal'
      roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles[one.role])
    }
  }
]

// Enrollment groups (X.509, or symmetric keys derived for each device) are made by hand: they hold certificates or keys. See README.md.
resource provisioning 'Microsoft.Devices/provisioningServices@2026-11-01' = {
  name: '${prefix}-devices-${suffix}'
  location: location
  tags: tags
  sku: { name: 'S1', capacity: 1 }
  identity: { type: 'UserAssigned', userAssignedIdentities: { '${identities.provisioning}': {} } }
  properties: {
    allocationPolicy: 'Hashed'
    publicNetworkAccess: 'Enabled'
    iotHubs: [
      {
        location: location
        hostName: hub.properties.hostName
        authenticationType: 'UserAssigned'
        selectedUserAssignedIdentityResourceId: identities.provisioning
      }
    ]
  }
  dependsOn: [hubAssignments]
}

resource defender 'Microsoft.Security/iotSecuritySolutions@2019-08-01' = {
  name: '${prefix}-hub'
  location: location
  tags: tags
  properties: {
    displayName: '${prefix}-hub'
    status: 'Enabled'
    iotHubs: [hub.id]
    workspace: workspaceId
    // Raw events of devices stay out of the workspace.
    export: []
    disabledDataSources: []
  }
}

#disable-next-line use-recent-api-versions // the only later one than that of 2016
resource streamDiagnostics 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  name: 'to-logs'
  scope: stream
  properties: {
    workspaceId: workspaceId
    logs: [{ categoryGroup: 'allLogs', enabled: true }]
    metrics: [{ category: 'AllMetrics', enabled: true }]
  }
}

#disable-next-line use-recent-api-versions // the only later one than that of 2016
resource hubDiagnostics 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  name: 'to-logs'
  scope: hub
  properties: {
    workspaceId: workspaceId
    logs: [{ categoryGroup: 'allLogs', enabled: true }]
    metrics: [{ category: 'AllMetrics', enabled: true }]
  }
}

#disable-next-line use-recent-api-versions // the only later one than that of 2016
resource provisioningDiagnostics 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  name: 'to-logs'
  scope: provisioning
  properties: {
    workspaceId: workspaceId
    logs: [{ categoryGroup: 'allLogs', enabled: true }]
    metrics: [{ category: 'AllMetrics', enabled: true }]
  }
}

@description('The namespace of Event Hubs.')
output streamId string = stream.id
@description('The hub of devices.')
output hubName string = hub.name
@description('What --kafka takes.')
output kafka string = '${split(stream.properties.serviceBusEndpoint, '/')[2]}:9093'
@description('What --topic takes.')
output topic string = stream::telemetry.name
@description('Where enrollment groups are made.')
output provisioningName string = provisioning.name
