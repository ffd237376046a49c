// Documents: a database for each cohort, made as the program would make it if it were allowed to. Keys let nobody in.

import { byIdentity } from 'roles.bicep'

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
@description('Name of the cohort.')
param cohort string
@description('Most request units a second that the cohort may cost; at rest it costs a tenth.')
@minValue(1000)
param mostRequestUnits int
@description('How long back the account can be restored; for so long an erased patient is in its backups.')
@allowed(['Continuous7Days', 'Continuous30Days'])
param backupTier string
@description('Whether it is spread over zones.')
param zoneRedundant bool

@description('As in Containers of RemoteMonitoring.Storage; a test holds them together.')
var containers = [
  'telemetry'
  'patients'
  'devices'
  'ingestion'
  'predictions'
  'worklists'
  'runs'
  'urgent'
  'logins'
  'audit'
]

// Data roles of Cosmos DB are its own. Each program reads or writes most containers, so the database is the least scope that serves.
@description('Who may do what with it.')
var access = [
  { identity: 'worker', role: 'Cosmos DB Built-in Data Contributor' }
  { identity: 'functions', role: 'Cosmos DB Built-in Data Contributor' }
  { identity: 'worklist', role: 'Cosmos DB Built-in Data Contributor' }
]
@description('Ids by name.')
var dataRoles = { 'Cosmos DB Built-in Data Contributor': '00000000-0000-0000-0000-000000000002' }

resource account 'Microsoft.DocumentDB/databaseAccounts@2026-03-15' = {
  name: name
  location: location
  tags: tags
  kind: 'GlobalDocumentDB'
  properties: {
    databaseAccountOfferType: 'Standard'
    locations: [{ locationName: location, failoverPriority: 0, isZoneRedundant: zoneRedundant }]
    // Several processes write, and read each other's writing: the program asks for Strong or Bounded Staleness.
    consistencyPolicy: { defaultConsistencyLevel: 'Strong' }
    backupPolicy: { type: 'Continuous', continuousModeProperties: { tier: backupTier } }
    disableLocalAuth: true
    disableKeyBasedMetadataWriteAccess: true
    minimalTlsVersion: 'Tls12'
    publicNetworkAccess: isPublic ? 'Enabled' : 'Disabled'
    networkAclBypass: 'None'
  }

  resource database 'sqlDatabases' = {
    name: 'rmon-${cohort}'
    properties: {
      resource: { id: 'rmon-${cohort}' }
      options: { autoscaleSettings: { maxThroughput: mostRequestUnits } }
    }

    // Asked for by partition, by id and by expiry; nothing else is indexed, so that a write costs little.
    resource all 'containers' = [
      for container in containers: {
        name: container
        properties: {
          resource: {
            id: container
            partitionKey: { paths: ['/pk'], kind: 'Hash', version: 2 }
            defaultTtl: -1
            indexingPolicy: {
              indexingMode: 'consistent'
              automatic: true
              includedPaths: [{ path: '/pk/?' }, { path: '/expires/?' }]
              excludedPaths: [{ path: '/*' }]
            }
          }
        }
      }
    ]
  }

  resource assignments 'sqlRoleAssignments' = [
    for one in access: {
      name: guid(account.id, cohort, one.identity, one.role)
      properties: {
        principalId: principals[one.identity]
        roleDefinitionId: '${account.id}/sqlRoleDefinitions/${dataRoles[one.role]}'
        scope: '${account.id}/dbs/rmon-${cohort}'
      }
      dependsOn: [database]
    }
  ]
}

#disable-next-line use-recent-api-versions // the only later one than that of 2016
resource diagnostics 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  name: 'to-logs'
  scope: account
  properties: {
    workspaceId: workspaceId
    logAnalyticsDestinationType: 'Dedicated'
    // What queries and keys say names patients: only what was done to the account, and how it does.
    logs: [
      { category: 'ControlPlaneRequests', enabled: true }
      { category: 'PartitionKeyRUConsumption', enabled: false }
    ]
    metrics: [{ category: 'Requests', enabled: true }]
  }
}

@description('Resource id.')
output id string = account.id
@description('RMON_COSMOS.')
output endpoint string = account.properties.documentEndpoint
