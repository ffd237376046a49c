// The two programs that never sleep: the worker that lands messages, and the care managers' pages.

import { byIdentity } from 'roles.bicep'

@description('Region.')
param location string
@description('Tags of everything that is made here.')
param tags { *: string }
@description('Begins the names.')
param prefix string
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
@description('Subnet of the environment; empty for none.')
param subnetId string
@description('Where images are pulled from.')
param registryServer string
@description('Their images; empty until they are published.')
param images { worker: string, worklist: string }
@description('Name of the cohort.')
param cohort string
@description('RMON_BLOBS.')
param blobs string
@description('RMON_COSMOS.')
param cosmos string
@description('Ends in a slash.')
param vaultUrl string
@description('Event Hub\'s Kafka endpoint, and its topic.')
param kafka string
@description('What --topic takes.')
param topic string
@description('Workers that there are at least and at most. More than partitions are of no use.')
param workers { least: int, most: int }
@description('The application that people sign in with at Microsoft Entra ID.')
param oidcClientId string
@description('Name that people open the pages by; empty for the environment\'s own.')
param pagesHost string

@description('Stands in for an image that is not published yet, and answers with an empty folder.')
var placeholder = 'mcr.microsoft.com/azurelinux/base/python:3'
@description('Runs the program where there is one, else the stand-in: port, and command of the program.')
var start = '[ -f /app/rmon.dll ] || exec python3 -m http.server {0} --directory "$(mktemp -d)"; exec dotnet /app/rmon.dll {1} "$@"'
@description('Name that people open the pages by.')
var worklistHost = empty(pagesHost) ? 'worklist.${environment.properties.defaultDomain}' : pagesHost

@description('What both programs read. A secret is named by its URL, and read by the program\'s identity, again and again where it may be replaced.')
var homeSettings = [
  { name: 'RMON_BLOBS', value: blobs }
  { name: 'RMON_COSMOS', value: cosmos }
  { name: 'RMON_ERASURE_KEY', value: '${vaultUrl}erasure-key' }
  { name: 'APPLICATIONINSIGHTS_CONNECTION_STRING', value: connectionString }
]

resource environment 'Microsoft.App/managedEnvironments@2026-07-01' = {
  name: '${prefix}-apps'
  location: location
  tags: tags
  properties: {
    appLogsConfiguration: { destination: 'azure-monitor' }
    workloadProfiles: [{ name: 'Consumption', workloadProfileType: 'Consumption' }]
    zoneRedundant: !isPublic
    // The pages are opened from wards and from home. Only the app that says so is reached from outside.
    publicNetworkAccess: 'Enabled'
    vnetConfiguration: empty(subnetId) ? null : { infrastructureSubnetId: subnetId, internal: false }
    // From the ingress to the programs too.
    peerAuthentication: { mtls: { enabled: true } }
    peerTrafficConfiguration: { encryption: { enabled: true } }
  }
}

resource worker 'Microsoft.App/containerApps@2026-07-01' = {
  name: 'worker'
  location: location
  tags: union(tags, { 'azd-service-name': 'worker' })
  identity: { type: 'UserAssigned', userAssignedIdentities: { '${identities.worker}': {} } }
  properties: {
    environmentId: environment.id
    workloadProfileName: 'Consumption'
    configuration: {
      activeRevisionsMode: 'Single'
      registries: [{ server: registryServer, identity: identities.worker }]
      // Within the environment alone: rosters and outcomes come in here from whatever hands them over.
      ingress: { external: false, allowInsecure: false, targetPort: 8080, transport: 'http' }
    }
    template: {
      terminationGracePeriodSeconds: 30
      containers: [
        {
          name: 'worker'
          image: empty(images.worker) ? placeholder : images.worker
          resources: { cpu: json('1.0'), memory: '2Gi' }
          command: ['/bin/sh', '-c', format(start, 8080, 'worker'), 'rmon']
          args: [
            '--cohort'
            cohort
            '--make-cohort'
            '--kafka'
            kafka
            '--topic'
            topic
            '--group'
            'rmon'
            '--health-port'
            '8080'
            '--listen'
            '0.0.0.0'
          ]
          env: concat(homeSettings, [
            { name: 'AZURE_CLIENT_ID', value: clients.worker }
            { name: 'APPLICATIONINSIGHTS_AUTHENTICATION_STRING', value: 'Authorization=AAD;ClientId=${clients.worker}' }
            { name: 'RMON_REFERENCE_KEY', value: '${vaultUrl}reference-key' }
          ])
          // While nothing can land, starting again mends nothing: that is for readiness and an alert.
          probes: concat(
            [{ type: 'Liveness', tcpSocket: { port: 8080 }, periodSeconds: 10, failureThreshold: 3 }],
            empty(images.worker)
              ? []
              : [
                  {
                    type: 'Readiness'
                    httpGet: { path: '/health', port: 8080, scheme: 'HTTP' }
                    periodSeconds: 10
                    failureThreshold: 3
                  }
                ]
          )
        }
      ]
      // By load and not by lag: the scaler that knows lag asks for a connection string, and the stream takes none.
      scale: {
        minReplicas: workers.least
        maxReplicas: workers.most
        rules: [{ name: 'cpu', custom: { type: 'cpu', metadata: { type: 'Utilization', value: '70' } } }]
      }
    }
  }
}

resource worklist 'Microsoft.App/containerApps@2026-07-01' = {
  name: 'worklist'
  location: location
  tags: union(tags, { 'azd-service-name': 'worklist' })
  identity: { type: 'UserAssigned', userAssignedIdentities: { '${identities.worklist}': {} } }
  properties: {
    environmentId: environment.id
    workloadProfileName: 'Consumption'
    configuration: {
      activeRevisionsMode: 'Single'
      registries: [{ server: registryServer, identity: identities.worklist }]
      ingress: {
        external: true
        allowInsecure: false
        targetPort: 8081
        transport: 'http'
        clientCertificateMode: 'ignore'
      }
    }
    template: {
      terminationGracePeriodSeconds: 30
      containers: [
        {
          name: 'worklist'
          image: empty(images.worklist) ? placeholder : images.worklist
          resources: { cpu: json('1.0'), memory: '2Gi' }
          // Workflows are run by the Functions app: with a journal of their own the pages would tell teams twice.
          command: ['/bin/sh', '-c', format(start, 8081, 'serve'), 'rmon']
          args: [
            '--cohort'
            cohort
            '--make-cohort'
            '--no-worker'
            '--no-workflows'
            '--worklist-host'
            '0.0.0.0'
            '--worklist-port'
            '8081'
          ]
          env: concat(homeSettings, [
            { name: 'AZURE_CLIENT_ID', value: clients.worklist }
            {
              name: 'APPLICATIONINSIGHTS_AUTHENTICATION_STRING'
              value: 'Authorization=AAD;ClientId=${clients.worklist}'
            }
            { name: 'RMON_HOME', value: '/var/lib/rmon' }
            { name: 'RMON_REGISTRY_KEY', value: '${vaultUrl}registry-key' }
            { name: 'RMON_HANDLE_KEY', value: '${vaultUrl}handle-key' }
            { name: 'RMON_WORKLIST_ADDRESS', value: 'https://${worklistHost}/' }
            {
              name: 'RMON_OIDC_AUTHORITY'
              value: '${az.environment().authentication.loginEndpoint}${tenant().tenantId}/v2.0'
            }
            { name: 'RMON_OIDC_CLIENT_ID', value: oidcClientId }
            { name: 'RMON_OIDC_CLIENT_SECRET', value: '${vaultUrl}oidc-client-secret' }
            { name: 'RMON_FOLLOW_UPS', value: '${vaultUrl}follow-ups' }
            { name: 'RMON_FOLLOW_UP_SECRET', value: '${vaultUrl}follow-up-secret' }
          ])
          probes: [{ type: 'Liveness', tcpSocket: { port: 8081 }, periodSeconds: 10, failureThreshold: 3 }]
        }
      ]
      // Nothing of theirs outlasts an instance: keys of sessions are documents, sealed by the handle key.
      scale: { minReplicas: 1, maxReplicas: 3 }
    }
  }
}

#disable-next-line use-recent-api-versions // the only later one than that of 2016
resource environmentDiagnostics 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  name: 'to-logs'
  scope: environment
  properties: {
    workspaceId: workspaceId
    logs: [{ categoryGroup: 'allLogs', enabled: true }]
    metrics: [{ category: 'AllMetrics', enabled: true }]
  }
}

#disable-next-line use-recent-api-versions // the only later one than that of 2016
resource workerDiagnostics 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  name: 'to-logs'
  scope: worker
  properties: {
    workspaceId: workspaceId
    metrics: [{ category: 'AllMetrics', enabled: true }]
  }
}

#disable-next-line use-recent-api-versions // the only later one than that of 2016
resource worklistDiagnostics 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  name: 'to-logs'
  scope: worklist
  properties: {
    workspaceId: workspaceId
    metrics: [{ category: 'AllMetrics', enabled: true }]
  }
}

@description('Address of the pages.')
output worklistAddress string = 'https://${worklistHost}/'
