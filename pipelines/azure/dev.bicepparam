// A home to try things in: open to the internet behind sign-in, the cheapest sizes, nobody on duty.
using 'main.bicep'

param environmentName = 'rmon-dev'
param location = 'uksouth'
param stage = 'dev'
param cohort = 'ward'
// Set by azd, and by release.sh.
param images = {
  worker: readEnvironmentVariable('SERVICE_WORKER_IMAGE_NAME', '')
  worklist: readEnvironmentVariable('SERVICE_WORKLIST_IMAGE_NAME', '')
}
param trainingImage = readEnvironmentVariable('TRAINING_IMAGE_NAME', '')
param trainingImageVersion = readEnvironmentVariable('TRAINING_IMAGE_VERSION', '1')
param oidcClientId = '00000000-0000-0000-0000-000000000000' // yours
param runbooks = 'https://example.org/pipelines/README.md'
param defender = false
param sizes = {
  hub: { name: 'S1', capacity: 1 }
  partitions: 4
  mostThroughputUnits: 1
  mostRequestUnits: 1000
  workers: { least: 1, most: 1 }
  functionsMemoryMB: 2048
  trainingVm: 'Standard_D4s_v5'
  trainingMachines: 1
}
