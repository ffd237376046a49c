// What azd deploys: a home of the stage dev, named and placed by `azd env`. `azd env set OIDC_CLIENT_ID …` names the application that people sign in with.
using 'main.bicep'

param environmentName = readEnvironmentVariable('AZURE_ENV_NAME', 'rmon-dev')
param location = readEnvironmentVariable('AZURE_LOCATION', 'uksouth')
param stage = 'dev'
param cohort = readEnvironmentVariable('COHORT', 'ward')
param images = {
  worker: readEnvironmentVariable('SERVICE_WORKER_IMAGE_NAME', '')
  worklist: readEnvironmentVariable('SERVICE_WORKLIST_IMAGE_NAME', '')
}
param trainingImage = readEnvironmentVariable('TRAINING_IMAGE_NAME', '')
param trainingImageVersion = readEnvironmentVariable('TRAINING_IMAGE_VERSION', '1')
param oidcClientId = readEnvironmentVariable('OIDC_CLIENT_ID', '00000000-0000-0000-0000-000000000000')
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
