// Delivers follow-ups to people: the workflow of pipelines/logicapps, and a table of what was told already.

import { roles } from 'roles.bicep'

@description('Region.')
param location string
@description('Tags of everything that is made here.')
param tags { *: string }
@description('Begins the names.')
param prefix string
@description('Makes names unique that are the whole world\'s.')
param suffix string
@description('Where logs go.')
param workspaceId string
@description('Whether it may be reached from outside of the network.')
param isPublic bool
@description('The one address that programs go out by, which alone may start the workflow; empty where there is none.')
param callerAddress string
@description('Team and channel of Microsoft Teams; an empty channel tells nobody there.')
param teams { group: string, channel: string }
@description('Who gets an e-mail of each first telling and reminder, and of an escalation; empty for nobody.')
param mail { to: string, escalations: string }
@description('Base URL of a FHIR R4 server that gets a Task, and what tokens for it are asked for; empty for none.')
param fhir { url: string, audience: string, patientSystem: string }

@description('The workflow.')
var workflow = loadJsonContent('../../logicapps/follow-up.workflow.json')

// Keys of follow-ups and what they were sent for, no more: nobody's name, id or reading.
resource marks 'Microsoft.Storage/storageAccounts@2026-09-01' = {
  name: '${take(replace(prefix, '-', ''), 10)}told${suffix}'
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
    // A Consumption workflow is in no network. In production its own instance is let in, and nobody else.
    publicNetworkAccess: 'Enabled'
    networkAcls: {
      defaultAction: isPublic ? 'Allow' : 'Deny'
      bypass: 'None'
      resourceAccessRules: [
        { tenantId: tenant().tenantId, resourceId: resourceId('Microsoft.Logic/workflows', '${prefix}-follow-ups') }
      ]
    }
  }

  resource tables 'tableServices' = {
    name: 'default'

    resource told 'tables' = { name: 'told' }
  }
}

resource assignment 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(marks::tables::told.id, followUps.id, 'Storage Table Data Contributor')
  scope: marks::tables::told
  properties: {
    principalId: followUps.identity.principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId(
      'Microsoft.Authorization/roleDefinitions',
      roles['Storage Table Data Contributor']
    )
  }
}

// Who they post as is decided by signing in once, in the portal, after they are made.
resource teamsConnection 'Microsoft.Web/connections@2016-06-01' = {
  name: '${prefix}-teams'
  location: location
  tags: tags
  properties: {
    displayName: 'Teams of ${prefix}'
    api: { id: subscriptionResourceId('Microsoft.Web/locations/managedApis', location, 'teams') }
  }
}

resource mailConnection 'Microsoft.Web/connections@2016-06-01' = {
  name: '${prefix}-mail'
  location: location
  tags: tags
  properties: {
    displayName: 'E-mail of ${prefix}'
    api: { id: subscriptionResourceId('Microsoft.Web/locations/managedApis', location, 'office365') }
  }
}

resource followUps 'Microsoft.Logic/workflows@2019-05-01' = {
  name: '${prefix}-follow-ups'
  location: location
  tags: tags
  // Of its own: storage is documented to let an instance of a service in by that kind.
  identity: { type: 'SystemAssigned' }
  properties: {
    state: 'Enabled'
    definition: workflow.definition
    parameters: {
      '$connections': {
        value: {
          teams: {
            connectionId: teamsConnection.id
            connectionName: teamsConnection.name
            id: teamsConnection.properties.api.id
          }
          office365: {
            connectionId: mailConnection.id
            connectionName: mailConnection.name
            id: mailConnection.properties.api.id
          }
        }
      }
      told: { value: '${marks.properties.primaryEndpoints.table}${marks::tables::told.name}' }
      teamsGroup: { value: teams.group }
      teamsChannel: { value: teams.channel }
      mailTo: { value: mail.to }
      mailEscalations: { value: mail.escalations }
      fhirUrl: { value: fhir.url }
      fhirAudience: { value: fhir.audience }
      fhirPatientSystem: { value: fhir.patientSystem }
    }
    accessControl: {
      triggers: isPublic ? {} : { allowedCallerIpAddresses: [{ addressRange: '${callerAddress}-${callerAddress}' }] }
      // What was sent stands in the history of runs: nobody reads it from any address. 0.0.0.0 alone lets none through.
      contents: { allowedCallerIpAddresses: [{ addressRange: '0.0.0.0-0.0.0.0' }] }
    }
  }
}

#disable-next-line use-recent-api-versions // the only later one than that of 2016
resource marksDiagnostics 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  name: 'to-logs'
  scope: marks
  properties: {
    workspaceId: workspaceId
    metrics: [{ category: 'AllMetrics', enabled: true }]
  }
}

#disable-next-line use-recent-api-versions // the only later one than that of 2016
resource tablesDiagnostics 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  name: 'to-logs'
  scope: marks::tables
  properties: {
    workspaceId: workspaceId
    logs: [{ categoryGroup: 'audit', enabled: true }]
    metrics: [{ category: 'AllMetrics', enabled: true }]
  }
}

#disable-next-line use-recent-api-versions // the only later one than that of 2016
resource diagnostics 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  name: 'to-logs'
  scope: followUps
  properties: {
    workspaceId: workspaceId
    logs: [{ categoryGroup: 'allLogs', enabled: true }]
    metrics: [{ category: 'AllMetrics', enabled: true }]
  }
}

@description('Its name.')
output name string = followUps.name
