variable "environment" {
  description = "What the cluster is for; also the name of the overlay whose connections the database allows."
  type        = string

  validation {
    condition     = contains(["staging", "prod"], var.environment)
    error_message = "environment is staging or prod."
  }
}

variable "project_id" {
  description = "Scaleway project that everything is made in."
  type        = string

  validation {
    condition     = can(regex("^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$", var.project_id))
    error_message = "project_id is a UUID, as `scw account project list` shows it."
  }
}

variable "deletion_protection" {
  description = "Refuse every plan that would destroy the network, the cluster, its data nodes, the database or the backups."
  type        = bool
  default     = true
}

# Where

variable "region" {
  description = "Region of the cluster and the database."
  type        = string
}

variable "zones" {
  description = "Zones of the region that have nodes: each gets one pool for data and one for functions."
  type        = list(string)

  validation {
    condition     = length(var.zones) >= 3 && length(distinct(var.zones)) == length(var.zones)
    error_message = "zones has three different zones or more: Qdrant and PostgreSQL have three instances."
  }

  validation {
    condition     = alltrue([for zone in var.zones : startswith(zone, "${var.region}-")])
    error_message = "zones are zones of region ${var.region}."
  }
}

variable "subnet" {
  description = "Addresses of the private network."
  type        = string

  validation {
    condition     = can(cidrhost(var.subnet, 0)) && try(tonumber(split("/", var.subnet)[1]) <= 24, false)
    error_message = "subnet is an IPv4 range of /24 or larger, as 172.16.0.0/22."
  }
}

variable "administrators" {
  description = "Addresses from which the Kubernetes API answers, beside those of the nodes."
  type        = map(string)

  validation {
    condition     = alltrue([for range in values(var.administrators) : try(tonumber(split("/", range)[1]) >= 16, false) && can(cidrhost(range, 0))])
    error_message = "administrators are IPv4 ranges of /16 or smaller, by what they are: { office = \"198.51.100.0/24\" }."
  }
}

# Kubernetes

variable "kubernetes_version" {
  description = "Minor version; patches are taken in by themselves, in the maintenance window."
  type        = string

  validation {
    condition     = can(regex("^1\\.[0-9]+$", var.kubernetes_version)) && try(tonumber(split(".", var.kubernetes_version)[1]) >= 34, false)
    error_message = "kubernetes_version is a minor version, 1.34 or newer."
  }
}

variable "control_plane" {
  description = "Type of the cluster: kapsule shares a control plane, kapsule-dedicated-4, -8 and -16 (GB) have a replicated one of their own."
  type        = string
}

variable "identity_provider" {
  description = "OpenID Connect issuer that says who people are and in which groups, for policies/rbac."
  type = object({
    issuer_url   = string
    client_id    = string
    groups_claim = optional(string, "groups")
  })
  default = null
}

variable "functions_pool" {
  description = "Nodes for functions and the platform, in each zone; the autoscaler stays between minimum and maximum."
  type = object({
    node_type = string
    minimum   = number
    maximum   = number
  })

  validation {
    condition     = var.functions_pool.minimum >= 1 && var.functions_pool.maximum > var.functions_pool.minimum
    error_message = "functions_pool has a minimum of 1 or more, and a larger maximum."
  }
}

variable "data_pool" {
  description = "Nodes for Qdrant and PostgreSQL, in each zone."
  type = object({
    node_type = string
    size      = number
  })

  validation {
    condition     = var.data_pool.size >= 1
    error_message = "data_pool.size is 1 or more."
  }
}

# PostgreSQL

variable "managed_postgresql" {
  description = "Have Scaleway run PostgreSQL, instead of CloudNativePG on the data nodes."
  type        = bool
  default     = false
}

variable "postgresql" {
  description = "Size of the managed PostgreSQL, and for how many days its backups are kept."
  type = object({
    node_type      = string
    volume_gb      = number
    standby        = bool
    retention_days = number
  })

  validation {
    condition     = var.postgresql.retention_days >= 7
    error_message = "postgresql.retention_days is 7 or more."
  }
}

variable "postgresql_password" {
  description = "Password of the managed PostgreSQL's administrator, by TF_VAR_postgresql_password. Neither plan nor state has it."
  type        = string
  default     = null
  sensitive   = true
  ephemeral   = true

  validation {
    condition     = !var.managed_postgresql || try(length(var.postgresql_password) >= 16, false)
    error_message = "postgresql_password has 16 characters or more where managed_postgresql is true: set TF_VAR_postgresql_password."
  }
}

variable "postgresql_password_version" {
  description = "Raise it to have a new postgresql_password set."
  type        = number
  default     = 1
}

# Backups and names

variable "backup_bucket" {
  description = "Name of the bucket for backups; bucket names are unique across all customers."
  type        = string
}

variable "snapshot_bucket" {
  description = "Name of the bucket for Qdrant's snapshots."
  type        = string
}

variable "backup_region" {
  description = "Region of the backups: another one than the cluster's."
  type        = string

  validation {
    condition     = var.backup_region != var.region
    error_message = "backup_region is another one than ${var.region}, or the two are lost together."
  }
}

variable "backup_undelete_days" {
  description = "Days for which a deleted or overwritten backup can be restored."
  type        = number
  default     = 30

  validation {
    condition     = var.backup_undelete_days >= 7
    error_message = "backup_undelete_days is 7 or more."
  }
}

variable "dns_zone" {
  description = "Zone at Scaleway that gets the gateway's record; null where external-dns or another provider has it."
  type        = string
  default     = null
}

variable "dns_name" {
  description = "Name of the gateway in dns_zone."
  type        = string
  default     = "questions"
}

# State

variable "state_bucket" {
  description = "Bucket that the state is kept in; made by hand, once."
  type        = string
}

variable "state_region" {
  description = "Region of state_bucket."
  type        = string
}

variable "state_passphrase" {
  description = "What state and plans are encrypted with, by TF_VAR_state_passphrase. Without it the state cannot be read again."
  type        = string
  sensitive   = true

  validation {
    condition     = length(var.state_passphrase) >= 16
    error_message = "state_passphrase has 16 characters or more."
  }
}
