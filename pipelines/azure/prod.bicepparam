// A home for patients: closed network, redundant over zones, sized for some ten thousand people (README.md has other sizes).
using 'main.bicep'

param environmentName = 'rmon-prod'
param location = 'uksouth'
param stage = 'prod'
param cohort = 'ward'
// Set by azd, and by release.sh.
param images = {
  worker: readEnvironmentVariable('SERVICE_WORKER_IMAGE_NAME', '')
  worklist: readEnvironmentVariable('SERVICE_WORKLIST_IMAGE_NAME', '')
}
param trainingImage = readEnvironmentVariable('TRAINING_IMAGE_NAME', '')
param trainingImageVersion = readEnvironmentVariable('TRAINING_IMAGE_VERSION', '1')
param oidcClientId = '00000000-0000-0000-0000-000000000000' // yours
param runbooks = 'https://example.org/pipelines/README.md' // yours
param onDuty = 'on-duty@example.org' // yours
param defender = true
param powerBiAdministrators = [] // users who administer a capacity; none: no capacity
param sizes = {
  hub: { name: 'S1', capacity: 2 }
  partitions: 8
  mostThroughputUnits: 4
  mostRequestUnits: 10000
  workers: { least: 2, most: 8 }
  functionsMemoryMB: 4096
  trainingVm: 'Standard_E8s_v5'
  trainingMachines: 2
}
