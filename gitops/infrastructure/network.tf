# A private network of the cluster. Machines outside it reach neither nodes nor database.
resource "scaleway_vpc" "main" {
  name = local.name
  tags = local.tags

  lifecycle {
    prevent_destroy = var.deletion_protection
  }
}

resource "scaleway_vpc_private_network" "main" {
  name   = local.name
  vpc_id = scaleway_vpc.main.id
  tags   = local.tags

  ipv4_subnet {
    subnet = var.subnet
  }

  lifecycle {
    prevent_destroy = var.deletion_protection
  }
}

# Nodes have no public address and reach the internet through this gateway.
resource "scaleway_vpc_public_gateway_ip" "main" {
  tags = local.tags
}

resource "scaleway_vpc_public_gateway" "main" {
  name            = local.name
  type            = "VPC-GW-M"
  ip_id           = scaleway_vpc_public_gateway_ip.main.id
  bastion_enabled = false
  tags            = local.tags
}

resource "scaleway_vpc_gateway_network" "main" {
  gateway_id         = scaleway_vpc_public_gateway.main.id
  private_network_id = scaleway_vpc_private_network.main.id
  enable_masquerade  = true

  ipam_config {
    push_default_route = true
  }
}

# The one address that clients reach. It outlives the load balancer that Kourier's
# Service asks for.
resource "scaleway_lb_ip" "ingress" {
  tags = local.tags

  lifecycle {
    prevent_destroy = var.deletion_protection
  }
}

resource "scaleway_domain_record" "gateway" {
  count = var.dns_zone == null ? 0 : 1

  dns_zone = var.dns_zone
  name     = var.dns_name
  type     = "A"
  data     = scaleway_lb_ip.ingress.ip_address
  ttl      = 300
}
