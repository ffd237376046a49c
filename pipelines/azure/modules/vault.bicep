// The home's secrets. The template makes none of them and reads none: deploy.sh makes those that are random, people bring the others.

import { byIdentity, roles } from 'roles.bicep'

@description('Region.')
param location string
@description('Tags of everything that is made here.')
param tags { *: string }
@description('Its name, unique in the whole world.')
@maxLength(24)
param name string
@description('Whom roles are given to, by name.')
param principals byIdentity
@description('Where logs go.')
param workspaceId string
@description('Whether it may be reached from outside of the network.')
param isPublic bool
@description('Whether the secrets are there already, so that roles on them can be given.')
param hasSecrets bool

// Each on its secret alone.
@description('Who may do what with it.')
var access = [
  { identity: 'worker', role: 'Key Vault Secrets User', on: 'erasure-key' }
  { identity: 'worker', role: 'Key Vault Secrets User', on: 'reference-key' }
  { identity: 'functions', role: 'Key Vault Secrets User', on: 'erasure-key' }
  { identity: 'functions', role: 'Key Vault Secrets User', on: 'registry-key' }
  { identity: 'functions', role: 'Key Vault Secrets User', on: 'handle-key' }
  { identity: 'functions', role: 'Key Vault Secrets User', on: 'follow-up-secret' }
  { identity: 'functions', role: 'Key Vault Secrets User', on: 'follow-ups' }
  { identity: 'worklist', role: 'Key Vault Secrets User', on: 'erasure-key' }
  { identity: 'worklist', role: 'Key Vault Secrets User', on: 'registry-key' }
  { identity: 'worklist', role: 'Key Vault Secrets User', on: 'handle-key' }
  { identity: 'worklist', role: 'Key Vault Secrets User', on: 'oidc-client-secret' }
  { identity: 'worklist', role: 'Key Vault Secrets User', on: 'follow-up-secret' }
  { identity: 'worklist', role: 'Key Vault Secrets User', on: 'follow-ups' }
]

resource vault 'Microsoft.KeyVault/vaults@2026-05-15' = {
  name: name
  location: location
  tags: tags
  properties: {
    tenantId: tenant().tenantId
    sku: { family: 'A', name: 'standard' }
    enableRbacAuthorization: true
    enableSoftDelete: true
    // Without the key of erasures nobody reads the lake: for so long it can be brought back.
    softDeleteRetentionInDays: 90
    enablePurgeProtection: true
    enabledForDeployment: false
    enabledForDiskEncryption: false
    enabledForTemplateDeployment: false
    publicNetworkAccess: isPublic ? 'Enabled' : 'Disabled'
    networkAcls: { defaultAction: isPublic ? 'Allow' : 'Deny', bypass: 'None' }
  }
}

resource secrets 'Microsoft.KeyVault/vaults/secrets@2026-05-15' existing = [
  for one in access: {
    name: one.on
    parent: vault
  }
]

resource assignments 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for (one, i) in access: if (hasSecrets) {
    name: guid(vault.id, one.on, one.identity, one.role)
    scope: secrets[i]
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
  scope: vault
  properties: {
    workspaceId: workspaceId
    logs: [{ categoryGroup: 'allLogs', enabled: true }]
    metrics: [{ category: 'AllMetrics', enabled: true }]
  }
}

@description('Resource id.')
output id string = vault.id
@description('Its name.')
output name string = vault.name
@description('Ends in a slash; settings name secrets by it.')
output vaultUrl string = '${vault.properties.vaultUri}secrets/'
