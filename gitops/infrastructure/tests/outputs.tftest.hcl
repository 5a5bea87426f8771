# The outputs after everything is created, with a mocked provider.
mock_provider "scaleway" {
  mock_resource "scaleway_k8s_cluster" {
    defaults = {
      id         = "nl-ams/11111111-1111-1111-1111-111111111111"
      kubeconfig = [{ config_file = "apiVersion: v1", host = "", token = "", cluster_ca_certificate = "" }]
    }
  }

  mock_resource "scaleway_lb_ip" {
    defaults = {
      id         = "nl-ams-1/11111111-1111-1111-1111-111111111111"
      ip_address = "203.0.113.7"
    }
  }

  mock_resource "scaleway_vpc_public_gateway_ip" {
    defaults = {
      id      = "nl-ams-1/11111111-1111-1111-1111-111111111111"
      address = "203.0.113.8"
    }
  }

  mock_resource "scaleway_vpc" {
    defaults = {
      id = "nl-ams/11111111-1111-1111-1111-111111111111"
    }
  }

  mock_resource "scaleway_vpc_private_network" {
    defaults = {
      id = "nl-ams/11111111-1111-1111-1111-111111111111"
    }
  }

  mock_resource "scaleway_vpc_public_gateway" {
    defaults = {
      id = "nl-ams-1/11111111-1111-1111-1111-111111111111"
    }
  }

  mock_resource "scaleway_iam_application" {
    defaults = {
      id = "11111111-1111-1111-1111-111111111111"
    }
  }

  mock_resource "scaleway_rdb_instance" {
    defaults = {
      id = "nl-ams/11111111-1111-1111-1111-111111111111"
    }
  }
}

run "what_the_next_steps_need_comes_out_and_the_walls_stand" {
  variables {
    managed_postgresql  = true
    postgresql_password = "only-for-this-test"
    dns_zone            = "example.com"
  }

  assert {
    condition     = nonsensitive(output.kubeconfig) == "apiVersion: v1"
    error_message = "No kubeconfig."
  }

  assert {
    condition     = output.ingress_address == "203.0.113.7" && output.ingress_address_id == "11111111-1111-1111-1111-111111111111"
    error_message = "No address for the ingress."
  }

  assert {
    condition     = scaleway_domain_record.gateway[0].data == output.ingress_address
    error_message = "The record names another address."
  }

  # The gateway's address is that of the nodes.
  assert {
    condition     = toset([for rule in scaleway_k8s_acl.main.acl_rules : rule.ip]) == toset(["203.0.113.8/32", "198.51.100.0/24"])
    error_message = "The Kubernetes API answers others than the nodes and the administrators."
  }

  assert {
    condition     = alltrue([for pool in concat(values(scaleway_k8s_pool.functions), values(scaleway_k8s_pool.data)) : endswith(pool.name, pool.zone)])
    error_message = "A pool is in another zone than its name says."
  }

  assert {
    condition     = output.backups.region == "fr-par" && scaleway_object_bucket_acl.backups.region == "fr-par"
    error_message = "The backups are where the cluster is."
  }

  assert {
    condition     = output.backups.bucket == var.backup_bucket && output.backups.snapshots == var.snapshot_bucket && output.backups.endpoint == "https://s3.fr-par.scw.cloud"
    error_message = "No bucket for backups."
  }

  assert {
    condition     = output.postgresql.administrator == "administrator"
    error_message = "No endpoint for `operate database init`."
  }
}
