// Built-in roles by the name that the portal shows. README.md has who has which, and a test holds the two together.

@description('Ids by name.')
@export()
var roles = {
  AcrPull: '7f951dda-4ed3-4680-a7ca-43fe172d538d'
  'AzureML Data Scientist': 'f6c7c914-8db3-469d-8ca1-694a8f32e121'
  'Azure Event Hubs Data Receiver': 'a638d3c7-ab3a-418d-83e6-5f17a39d4fde'
  'Azure Event Hubs Data Sender': '2b629674-e913-4c01-ae53-ef4638d8f975'
  'IoT Hub Data Contributor': '4fc6c259-987e-4a07-842e-c321cc9d413f'
  'Key Vault Secrets User': '4633458b-17de-408a-b874-0445c86b69e6'
  'Monitoring Metrics Publisher': '3913510d-42f4-4e42-8a64-420c390055eb'
  'Storage Blob Data Contributor': 'ba92f5b4-2d11-453d-a403-e96b0029c9fe'
  'Storage Blob Data Reader': '2a2b9908-6ea1-4ae2-8e65-a410df84e7d1'
  'Storage Queue Data Contributor': '974c5e8b-45b9-4653-ba55-5f855dd0fb88'
  'Storage Table Data Contributor': '0a9a7e1f-b9d0-4cc4-a60d-0319b160aaa3'
}

@export()
@description('Something of each identity.')
type byIdentity = {
  @description('Lands messages.')
  worker: string
  @description('Runs the workflows.')
  functions: string
  @description('Serves the pages.')
  worklist: string
  @description('Machines that train.')
  ml: string
  @description('Hands messages on.')
  hub: string
  @description('Hands devices on.')
  provisioning: string
}
