// Plans of Defender for Cloud. They are the subscription's, and hold for all that is in it: so what is not bought here is left as it is.

targetScope = 'subscription'

// There are no servers here, and their plan is not touched. What is watched at the hub is in modules/hub.bicep.
@description('Name and variant.')
var plans = [
  { name: 'StorageAccounts', subPlan: 'DefenderForStorageV2' }
  { name: 'KeyVaults', subPlan: 'PerKeyVault' }
  { name: 'CosmosDbs', subPlan: null }
  { name: 'Api', subPlan: 'P1' }
]

// One after the other: the service takes one change of a subscription's plans at a time.
@batchSize(1)
resource all 'Microsoft.Security/pricings@2026-07-01' = [
  for plan in plans: {
    name: plan.name
    properties: { pricingTier: 'Standard', subPlan: plan.subPlan }
  }
]
