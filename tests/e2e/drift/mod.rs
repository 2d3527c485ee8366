//! P4, P6: drift (`design.md` 5) is reported, corrected where the user wants that, and never by a POST for an unlisted
//! record.

mod correct;
mod list_trust;
mod report;

use pam_simulator::VaultEdit;
use serde_json::{Value, json};

use crate::support::{World, assert_no_canary};

const BY_THE_VAULT: &str = "canary-7f3a-by-the-vault";

fn to_web01() -> VaultEdit {
    VaultEdit::Device { hostname: "web01".into(), ip: "10.0.0.8".into() }
}

fn correct() -> Value {
    json!({"driftPolicy": "Correct"})
}

/// Somebody has taken the record out of what the login is given.
async fn hidden(world: &World, name: &str) {
    world.edit(name, VaultEdit::HideFrom(world.sim.client_id())).await;
}

async fn ends(world: &World) {
    assert!(world.sim.journal().secrets_handed_out().is_empty(), "P5");
    assert_no_canary(&world.everything_said().await);
}
