// One identity for each program, and for the two hubs that hand messages and devices on. What each may do stands with the resource
// it may do it on; nobody has a role on a whole resource group.

import { byIdentity } from 'roles.bicep'

@description('Region.')
param location string
@description('Tags of everything that is made here.')
param tags { *: string }
@description('Begins the names of the identities.')
param prefix string

@description('Names, in the order of what follows.')
var names = ['worker', 'functions', 'worklist', 'ml', 'hub', 'provisioning']

resource identities 'Microsoft.ManagedIdentity/userAssignedIdentities@2024-11-30' = [
  for name in names: {
    name: '${prefix}-${name}'
    location: location
    tags: tags
  }
]

@description('Resource ids by name.')
output ids byIdentity = {
  worker: identities[0].id
  functions: identities[1].id
  worklist: identities[2].id
  ml: identities[3].id
  hub: identities[4].id
  provisioning: identities[5].id
}

@description('Client ids by name: what a program is told with AZURE_CLIENT_ID.')
output clients byIdentity = {
  worker: identities[0].properties.clientId
  functions: identities[1].properties.clientId
  worklist: identities[2].properties.clientId
  ml: identities[3].properties.clientId
  hub: identities[4].properties.clientId
  provisioning: identities[5].properties.clientId
}

@description('Principals by name: whom roles are given to.')
output principals byIdentity = {
  worker: identities[0].properties.principalId
  functions: identities[1].properties.principalId
  worklist: identities[2].properties.principalId
  ml: identities[3].properties.principalId
  hub: identities[4].properties.principalId
  provisioning: identities[5].properties.principalId
}
