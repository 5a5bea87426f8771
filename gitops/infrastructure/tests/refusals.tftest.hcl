# Invalid variables, which are refused before anything is created.
run "an_environment_without_an_overlay" {
  command = plan

  variables {
    environment = "production"
  }

  expect_failures = [var.environment]
}

run "two_zones" {
  command = plan

  variables {
    zones = ["nl-ams-1", "nl-ams-2"]
  }

  expect_failures = [var.zones]
}

run "zones_of_another_region" {
  command = plan

  variables {
    zones = ["nl-ams-1", "nl-ams-2", "fr-par-1"]
  }

  expect_failures = [var.zones]
}

run "a_Kubernetes_API_that_answers_everybody" {
  command = plan

  variables {
    administrators = { everybody = "0.0.0.0/0" }
  }

  expect_failures = [var.administrators]
}

run "a_Kubernetes_older_than_the_functions_need" {
  command = plan

  variables {
    kubernetes_version = "1.33"
  }

  expect_failures = [var.kubernetes_version]
}

run "a_pool_that_cannot_grow" {
  command = plan

  variables {
    functions_pool = { node_type = "POP2-4C-16G", minimum = 3, maximum = 3 }
  }

  expect_failures = [var.functions_pool]
}

run "backups_beside_what_they_are_of" {
  command = plan

  variables {
    backup_region = "nl-ams"
  }

  expect_failures = [var.backup_region]
}

run "backups_that_are_gone_at_once" {
  command = plan

  variables {
    backup_undelete_days = 1
  }

  expect_failures = [var.backup_undelete_days]
}

run "a_managed_PostgreSQL_without_an_administrators_password" {
  command = plan

  variables {
    managed_postgresql = true
  }

  expect_failures = [var.postgresql_password]
}

run "a_state_passphrase_that_can_be_guessed" {
  command = plan

  variables {
    state_passphrase = "secret"
  }

  expect_failures = [var.state_passphrase]
}
