resource "scaleway_object_bucket" "backups" {
  name          = var.backup_bucket
  region        = var.backup_region
  force_destroy = false
  tags          = { project = "sequential-questioning", environment = var.environment }

  versioning {
    enabled = true
  }

  # The backup tools remove old backups, each base backup with its WAL. This rule deletes
  # the removed versions some time later.
  lifecycle_rule {
    id      = "removed"
    enabled = true

    noncurrent_version_expiration {
      noncurrent_days = var.backup_undelete_days
    }

    expiration {
      expired_object_delete_marker = true
    }
  }

  lifecycle_rule {
    id                                     = "unfinished"
    enabled                                = true
    abort_incomplete_multipart_upload_days = 7
  }

  lifecycle {
    prevent_destroy = var.deletion_protection
  }
}

resource "scaleway_object_bucket_acl" "backups" {
  bucket = scaleway_object_bucket.backups.id
  region = var.backup_region
  acl    = "private"
}

resource "scaleway_object_bucket_server_side_encryption_configuration" "backups" {
  bucket = scaleway_object_bucket.backups.id
  region = var.backup_region

  rule {
    apply_server_side_encryption_by_default {
      sse_algorithm = "AES256"
    }
  }
}

# Qdrant's snapshots: copies of data in PostgreSQL, deleted by age.
resource "scaleway_object_bucket" "snapshots" {
  name          = var.snapshot_bucket
  region        = var.backup_region
  force_destroy = true
  tags          = { project = "sequential-questioning", environment = var.environment }

  lifecycle_rule {
    id                                     = "old"
    enabled                                = true
    abort_incomplete_multipart_upload_days = 7

    expiration {
      days = 30
    }
  }
}

resource "scaleway_object_bucket_acl" "snapshots" {
  bucket = scaleway_object_bucket.snapshots.id
  region = var.backup_region
  acl    = "private"
}

# The identity that writes backups. It can neither change the bucket nor delete versions
# permanently before they expire. Create its API key by hand, so that no secret is in the
# state.
resource "scaleway_iam_application" "backups" {
  name        = "${local.name}-backups"
  description = "Writes, lists and removes backups of ${local.name}"
  tags        = local.tags
}

resource "scaleway_iam_policy" "backups" {
  name           = "${local.name}-backups"
  description    = "Objects, and no bucket's settings"
  application_id = scaleway_iam_application.backups.id
  tags           = local.tags

  rule {
    project_ids = [var.project_id]
    permission_set_names = [
      "ObjectStorageBucketsRead",
      "ObjectStorageObjectsRead",
      "ObjectStorageObjectsWrite",
      "ObjectStorageObjectsDelete",
    ]
  }
}

locals {
  # For Qdrant and CloudNativePG. A deleted claim leaves its volume.
  storage_class = {
    apiVersion           = "storage.k8s.io/v1"
    kind                 = "StorageClass"
    metadata             = { name = "sequential-questioning-data" }
    provisioner          = "csi.scaleway.com"
    parameters           = { iops = "15000" }
    reclaimPolicy        = var.deletion_protection ? "Retain" : "Delete"
    volumeBindingMode    = "WaitForFirstConsumer"
    allowVolumeExpansion = true
  }
}
