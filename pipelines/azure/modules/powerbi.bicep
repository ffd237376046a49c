// A capacity of Power BI Embedded, for reports without a licence for each reader. It is paid for while it runs: pause it.

@description('Region.')
param location string
@description('Tags of everything that is made here.')
param tags { *: string }
@description('Its name, unique in the whole world.')
param name string
@description('Where logs go.')
param workspaceId string
@description('Size: A1 and up.')
param sku string
@description('Users and service principals that administer it.')
@minLength(1)
param administrators string[]

resource capacity 'Microsoft.PowerBIDedicated/capacities@2021-01-01' = {
  name: name
  location: location
  tags: tags
  sku: { name: sku, tier: 'PBIE_Azure', capacity: 1 }
  properties: { mode: 'Gen2', administration: { members: administrators } }
}

#disable-next-line use-recent-api-versions // the only later one than that of 2016
resource diagnostics 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  name: 'to-logs'
  scope: capacity
  properties: {
    workspaceId: workspaceId
    logs: [{ categoryGroup: 'allLogs', enabled: true }]
    metrics: [{ category: 'AllMetrics', enabled: true }]
  }
}
