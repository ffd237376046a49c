// The Azure home, whole: `what-if` and deploy it with deploy.sh, or `azd up`. README.md says what each part is for.
//
// It is of the scope of a subscription, because it makes the resource group that everything lies in, and because Defender's plans are a
// subscription's. Everything else is in modules, each of which gives the roles on what it makes.

targetScope = 'subscription'

@description('Name of this home: it begins the names of all resources.')
@minLength(3)
@maxLength(16)
param environmentName string
@description('Region of everything.')
param location string
@description('dev: open to the internet behind sign-in, the cheapest sizes. prod: closed network, redundant over zones.')
@allowed(['dev', 'prod'])
param stage string
@description('Name of the cohort: letters, digits and \'-\'.')
@minLength(1)
param cohort string = 'ward'
@description('False on the first of two deployments: everything but the programs, so that their secrets can be made.')
param programs bool = true
@description('Images of the worker and of the pages, both made from orchestrations/RemoteMonitoring.Cli/Dockerfile; empty until they are published.')
param images { worker: string, worklist: string } = { worker: '', worklist: '' }
@description('Image that trainings run in, made from pipelines/azureml/Dockerfile; empty until it is published: then nothing trains there.')
param trainingImage string = ''
@description('Version of the environment of that image: the tag it was made of.')
param trainingImageVersion string = '1'
@description('The application that people sign in with at Microsoft Entra ID.')
param oidcClientId string
@description('Name that people open the pages by; empty for the one that Azure gives.')
param pagesHost string = ''
@description('Text of a schedules.json; empty for the bundled schedules.')
param schedules string = ''
@description('E-mail address of who is on duty.')
param onDuty string = ''
@description('Address of the page of runbooks, pipelines/README.md as your people open it.')
param runbooks string
@description('Where follow-ups go.')
param teams { group: string, channel: string } = { group: '', channel: '' }
@description('Who gets e-mails: of a first telling and reminder, and of an escalation.')
param mail { to: string, escalations: string } = { to: '', escalations: '' }
@description('FHIR server that gets a Task of each follow-up that names its patient.')
param fhir { url: string, audience: string, patientSystem: string } = { url: '', audience: '', patientSystem: '' }
@description('Whether Defender\'s plans are switched on for the whole subscription. False leaves them as they are.')
param defender bool
@description('Administrators of a capacity of Power BI Embedded; none for no capacity.')
param powerBiAdministrators string[] = []
@description('Size of that capacity.')
param powerBiSku string = 'A1'
@description('Whether the closed network has a subnet for a virtual network data gateway, by which Power BI reads the lake.')
param powerBiGateway bool = false
@description('Addresses of the closed network; a /21 at least.')
param addressSpace string = '10.60.0.0/16'
@description('Sizes: what they cost by size of the cohort is in README.md.')
param sizes {
  hub: { name: 'S1' | 'S2' | 'S3', capacity: int }
  partitions: int
  mostThroughputUnits: int
  mostRequestUnits: int
  workers: { least: int, most: int }
  functionsMemoryMB: 2048 | 4096
  trainingVm: string
  trainingMachines: int
}

@description('Whether it is open to the internet behind sign-in.')
var isPublic = stage == 'dev'
@description('Makes names unique that are the whole world\'s.')
var suffix = take(uniqueString(subscription().id, environmentName, location), 6)
@description('Begins names that may have no hyphen.')
var compact = take(replace(environmentName, '-', ''), 10)
@description('Tags of everything; azd finds its home by the first.')
var tags = { 'azd-env-name': environmentName, application: 'RemoteMonitoring', stage: stage }

resource group 'Microsoft.Resources/resourceGroups@2025-04-01' = {
  name: 'rg-${environmentName}'
  location: location
  tags: tags
}

module plans 'modules/defender.bicep' = if (defender) {}

module identities 'modules/identities.bicep' = {
  scope: group
  params: { location: location, tags: tags, prefix: environmentName }
}

module logs 'modules/logs.bicep' = {
  scope: group
  params: {
    location: location
    tags: tags
    prefix: environmentName
    principals: identities.outputs.principals
    isPublic: isPublic
    retentionDays: isPublic ? 30 : 90
  }
}

module network 'modules/network.bicep' = if (!isPublic) {
  scope: group
  params: {
    location: location
    tags: tags
    prefix: environmentName
    workspaceId: logs.outputs.workspaceId
    addressSpace: addressSpace
    hasReports: powerBiGateway
  }
}

module vault 'modules/vault.bicep' = {
  scope: group
  params: {
    location: location
    tags: tags
    name: '${compact}-kv-${suffix}'
    principals: identities.outputs.principals
    workspaceId: logs.outputs.workspaceId
    isPublic: isPublic
    hasSecrets: programs
  }
}

module lake 'modules/lake.bicep' = {
  scope: group
  params: {
    location: location
    tags: tags
    name: '${compact}lake${suffix}'
    principals: identities.outputs.principals
    workspaceId: logs.outputs.workspaceId
    isPublic: isPublic
    cohort: cohort
    sku: isPublic ? 'Standard_LRS' : 'Standard_GZRS'
  }
}

module cosmos 'modules/cosmos.bicep' = {
  scope: group
  params: {
    location: location
    tags: tags
    name: '${environmentName}-docs-${suffix}'
    principals: identities.outputs.principals
    workspaceId: logs.outputs.workspaceId
    isPublic: isPublic
    cohort: cohort
    mostRequestUnits: sizes.mostRequestUnits
    backupTier: isPublic ? 'Continuous7Days' : 'Continuous30Days'
    zoneRedundant: !isPublic
  }
}

module hub 'modules/hub.bicep' = {
  scope: group
  params: {
    location: location
    tags: tags
    prefix: environmentName
    suffix: suffix
    principals: identities.outputs.principals
    identities: identities.outputs.ids
    workspaceId: logs.outputs.workspaceId
    isPublic: isPublic
    hubSku: sizes.hub
    partitions: sizes.partitions
    mostThroughputUnits: sizes.mostThroughputUnits
    zoneRedundant: !isPublic
  }
}

module registry 'modules/registry.bicep' = {
  scope: group
  params: {
    location: location
    tags: tags
    name: '${compact}images${suffix}'
    principals: identities.outputs.principals
    workspaceId: logs.outputs.workspaceId
    isPublic: isPublic
  }
}

module learning 'modules/learning.bicep' = {
  scope: group
  params: {
    location: location
    tags: tags
    prefix: environmentName
    suffix: suffix
    principals: identities.outputs.principals
    identities: identities.outputs.ids
    workspaceId: logs.outputs.workspaceId
    insightsId: logs.outputs.insightsId
    registryId: registry.outputs.id
    isPublic: isPublic
    lakeId: lake.outputs.id
    lakeName: lake.outputs.name
    containerName: lake.outputs.containerName
    vmSize: sizes.trainingVm
    mostMachines: sizes.trainingMachines
    image: trainingImage
    imageVersion: trainingImageVersion
  }
}

module host 'modules/host.bicep' = {
  scope: group
  params: {
    location: location
    tags: tags
    name: '${compact}host${suffix}'
    principals: identities.outputs.principals
    workspaceId: logs.outputs.workspaceId
    isPublic: isPublic
  }
}

module functions 'modules/functions.bicep' = if (programs) {
  scope: group
  params: {
    location: location
    tags: tags
    prefix: environmentName
    suffix: suffix
    hostName: host.outputs.name
    packages: host.outputs.packages
    identities: identities.outputs.ids
    clients: identities.outputs.clients
    workspaceId: logs.outputs.workspaceId
    connectionString: logs.outputs.connectionString
    isPublic: isPublic
    subnetId: network.?outputs.functionsSubnetId ?? ''
    blobs: lake.outputs.containerUrl
    cosmos: cosmos.outputs.endpoint
    vaultUrl: vault.outputs.vaultUrl
    learning: learning.outputs.settings
    schedules: schedules
    mostMachines: 40
    memoryMB: sizes.functionsMemoryMB
  }
}

module apps 'modules/apps.bicep' = if (programs) {
  scope: group
  params: {
    location: location
    tags: tags
    prefix: environmentName
    identities: identities.outputs.ids
    clients: identities.outputs.clients
    workspaceId: logs.outputs.workspaceId
    connectionString: logs.outputs.connectionString
    isPublic: isPublic
    subnetId: network.?outputs.containersSubnetId ?? ''
    registryServer: registry.outputs.server
    images: images
    cohort: cohort
    blobs: lake.outputs.containerUrl
    cosmos: cosmos.outputs.endpoint
    vaultUrl: vault.outputs.vaultUrl
    kafka: hub.outputs.kafka
    topic: hub.outputs.topic
    workers: sizes.workers
    oidcClientId: oidcClientId
    pagesHost: pagesHost
  }
}

module followups 'modules/followups.bicep' = {
  scope: group
  params: {
    location: location
    tags: tags
    prefix: environmentName
    suffix: suffix
    workspaceId: logs.outputs.workspaceId
    isPublic: isPublic
    callerAddress: network.?outputs.outAddress ?? ''
    teams: teams
    mail: mail
    fhir: fhir
  }
}

module watch 'modules/watch.bicep' = {
  scope: group
  params: {
    location: location
    tags: tags
    prefix: environmentName
    workspaceId: logs.outputs.workspaceId
    insightsId: logs.outputs.insightsId
    onDuty: onDuty
    runbooks: runbooks
  }
}

module powerbi 'modules/powerbi.bicep' = if (!empty(powerBiAdministrators)) {
  scope: group
  params: {
    location: location
    tags: tags
    name: '${compact}reports${suffix}'
    workspaceId: logs.outputs.workspaceId
    sku: powerBiSku
    administrators: powerBiAdministrators
  }
}

@description('Ending of the names of storage in this cloud.')
var storage = az.environment().suffixes.storage
@description('Names that private endpoints stand in for.')
var zones = {
  blob: 'privatelink.blob.${storage}'
  dfs: 'privatelink.dfs.${storage}'
  file: 'privatelink.file.${storage}'
  queue: 'privatelink.queue.${storage}'
  table: 'privatelink.table.${storage}'
  vault: 'privatelink.vaultcore.azure.net'
  documents: 'privatelink.documents.azure.com'
  stream: 'privatelink.servicebus.windows.net'
  registry: 'privatelink.azurecr.io'
  learning: 'privatelink.api.azureml.ms'
  notebooks: 'privatelink.notebooks.azure.net'
  sites: 'privatelink.azurewebsites.net'
  monitor: 'privatelink.monitor.azure.com'
  oms: 'privatelink.oms.opinsights.azure.com'
  ods: 'privatelink.ods.opinsights.azure.com'
  agents: 'privatelink.agentsvc.azure-automation.net'
}

module endpoints 'modules/endpoints.bicep' = if (!isPublic) {
  scope: group
  params: {
    location: location
    tags: tags
    networkId: network.?outputs.networkId ?? ''
    subnetId: network.?outputs.endpointsSubnetId ?? ''
    zones: map(items(zones), zone => zone.value)
    endpoints: concat(
      [
        { name: 'lake', targetId: lake.outputs.id, group: 'blob', zones: [zones.blob] }
        // Power BI reads tables for reports by this one.
        { name: 'lake-dfs', targetId: lake.outputs.id, group: 'dfs', zones: [zones.dfs] }
        { name: 'documents', targetId: cosmos.outputs.id, group: 'Sql', zones: [zones.documents] }
        { name: 'stream', targetId: hub.outputs.streamId, group: 'namespace', zones: [zones.stream] }
        { name: 'vault', targetId: vault.outputs.id, group: 'vault', zones: [zones.vault] }
        { name: 'registry', targetId: registry.outputs.id, group: 'registry', zones: [zones.registry] }
        {
          name: 'learning'
          targetId: learning.outputs.id
          group: 'amlworkspace'
          zones: [zones.learning, zones.notebooks]
        }
        { name: 'learning-files', targetId: learning.outputs.filesId, group: 'blob', zones: [zones.blob] }
        { name: 'learning-shares', targetId: learning.outputs.filesId, group: 'file', zones: [zones.file] }
        { name: 'learning-vault', targetId: learning.outputs.vaultId, group: 'vault', zones: [zones.vault] }
        { name: 'host-blobs', targetId: host.outputs.id, group: 'blob', zones: [zones.blob] }
        { name: 'host-queues', targetId: host.outputs.id, group: 'queue', zones: [zones.queue] }
        { name: 'host-tables', targetId: host.outputs.id, group: 'table', zones: [zones.table] }
        {
          name: 'monitor'
          targetId: logs.outputs.linkId
          group: 'azuremonitor'
          zones: [zones.monitor, zones.oms, zones.ods, zones.agents, zones.blob]
        }
      ],
      programs
        ? [{ name: 'functions', targetId: functions.?outputs.appId ?? '', group: 'sites', zones: [zones.sites] }]
        : []
    )
  }
}

@description('Where everything lies.')
output resourceGroup string = group.name
@description('The vault of secrets.')
output vaultName string = vault.outputs.name
@description('Where images are pushed to.')
output registryServer string = registry.outputs.server
@description('The hub of devices.')
output hubName string = hub.outputs.hubName
@description('Where enrollment groups are made.')
output provisioningName string = hub.outputs.provisioningName
@description('The workflow that tells people.')
output followUpsName string = followups.outputs.name
@description('The Functions app.')
output functionsName string = functions.?outputs.name ?? ''
@description('Address of the pages.')
output worklistAddress string = apps.?outputs.worklistAddress ?? ''
@description('What azd pushes images to.')
output AZURE_CONTAINER_REGISTRY_ENDPOINT string = registry.outputs.server
