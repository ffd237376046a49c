// Plans of Defender for Cloud. They are the subscription's, and hold for all that is in it.

targetScope = 'subscription'

@description('Whether the plans are switched on; off they are as if they were not bought.')
param isOn bool

// There are no servers here, and none is paid for. What is watched at the hub is in modules/hub.bicep.
@description('Name, variant, and whether it is on.')
var plans = [
  { name: 'StorageAccounts', subPlan: 'DefenderForStorageV2', isOn: isOn }
  { name: 'KeyVaults', subPlan: 'PerKeyVault', isOn: isOn }
  { name: 'CosmosDbs', subPlan: null, isOn: isOn }
  { name: 'Api', subPlan: 'P1', isOn: isOn }
  { name: 'VirtualMachines', subPlan: null, isOn: false }
]

// One after the other: the service takes one change of a subscription's plans at a time.
@batchSize(1)
resource all 'Microsoft.Security/pricings@2026-07-01' = [
  for plan in plans: {
    name: plan.name
    properties: { pricingTier: plan.isOn ? 'Standard' : 'Free', subPlan: plan.isOn ? plan.subPlan : null }
  }
]
