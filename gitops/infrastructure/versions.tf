terraform {
  required_version = "~> 1.12"

  required_providers {
    scaleway = {
      source  = "scaleway/scaleway"
      version = "2.81.0"
    }
  }

  # One state for each environment, locked by a conditional write beside it.
  backend "s3" {
    bucket       = var.state_bucket
    key          = "infrastructure/${var.environment}.tfstate"
    region       = var.state_region
    use_lockfile = true

    endpoints = { s3 = "https://s3.${var.state_region}.scw.cloud" }

    # Checks that only Amazon's service supports.
    skip_credentials_validation = true
    skip_region_validation      = true
    skip_requesting_account_id  = true
    skip_metadata_api_check     = true
    skip_s3_checksum            = true
  }

  # State and plans contain the kubeconfig, so they are encrypted on this machine.
  encryption {
    key_provider "pbkdf2" "passphrase" {
      passphrase = var.state_passphrase
    }

    method "aes_gcm" "passphrase" {
      keys = key_provider.pbkdf2.passphrase
    }

    state {
      method   = method.aes_gcm.passphrase
      enforced = true
    }

    plan {
      method   = method.aes_gcm.passphrase
      enforced = true
    }
  }
}

# Credentials come from SCW_ACCESS_KEY and SCW_SECRET_KEY.
provider "scaleway" {
  region     = var.region
  zone       = var.zones[0]
  project_id = var.project_id
}

locals {
  name = "sequential-questioning-${var.environment}"
  tags = ["sequential-questioning", var.environment]
}
