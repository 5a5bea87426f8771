output "kubeconfig" {
  description = "For the cluster's administrator."
  value       = scaleway_k8s_cluster.main.kubeconfig[0].config_file
  sensitive   = true
}

output "storage_class" {
  description = "StorageClass for Qdrant and PostgreSQL, for kubectl apply."
  value       = yamlencode(local.storage_class)
}

output "ingress_address" {
  description = "Where clients reach the gateway."
  value       = scaleway_lb_ip.ingress.ip_address
}

output "ingress_address_id" {
  description = "For the annotation service.beta.kubernetes.io/scw-loadbalancer-ip-ids of Kourier's Service."
  value       = split("/", scaleway_lb_ip.ingress.id)[1]
}

output "backups" {
  description = "Buckets for backups and for snapshots."
  value = {
    bucket    = scaleway_object_bucket.backups.name
    snapshots = scaleway_object_bucket.snapshots.name
    region    = scaleway_object_bucket.backups.region
    endpoint  = "https://s3.${var.backup_region}.scw.cloud"
    writer    = scaleway_iam_application.backups.id
  }
}

output "postgresql" {
  description = "Endpoint of the managed PostgreSQL, in the private network; null where CloudNativePG runs it."
  value = one([for instance in scaleway_rdb_instance.main : {
    address         = instance.private_network[0].ip
    port            = instance.private_network[0].port
    administrator   = instance.user_name
    certificate     = instance.certificate
    max_connections = local.max_connections
  }])
}
