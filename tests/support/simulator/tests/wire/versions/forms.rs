//! Which forms of a request a version takes.

use pam_simulator::{NotesPlace, ProductVersion, SettingsForm};
use serde_json::{Value, json};

use super::{new, old};
use crate::common::{Pam, full};

/// What becomes of a POST with this beside the usual fields: `None` if it is taken.
async fn refusal(pam: &Pam, key: &str, value: Value) -> Option<String> {
    let mut post = full("k8s-a", "svc", "one");
    post[key] = value;
    let reply = pam.post(&post).await;
    if reply.status == 201 {
        return None;
    }
    assert_eq!((reply.status, reply.code()), (400, 0));
    Some(reply.message())
}

#[tokio::test]
async fn up_to_3_32_additional_settings_are_an_object_with_the_notes_inside() {
    for version in old() {
        let pam = Pam::of(version).await;
        assert_eq!(refusal(&pam, "additional_settings", json!({ "notes": "n" })).await, None);
        let array = refusal(&pam, "additional_settings", json!([{ "server_path": "/x" }])).await.unwrap();
        assert!(array.contains("\"additional_settings\" must be an object"), "{version}: {array}");
        let notes = refusal(&pam, "notes", json!("n")).await.unwrap();
        assert!(notes.contains("unknown key \"notes\""), "{version}: {notes}");
    }
}

#[tokio::test]
async fn from_3_33_on_either_form_and_either_place_is_taken() {
    for version in new() {
        let pam = Pam::of(version).await;
        for settings in [json!({ "notes": "n" }), json!([{ "notes": "n" }])] {
            assert_eq!(refusal(&pam, "additional_settings", settings).await, None, "{version}");
        }
        assert_eq!(refusal(&pam, "notes", json!("n")).await, None, "{version}");
    }
}

#[tokio::test]
async fn knobs_hold_a_version_to_one_form_and_one_place() {
    let pam = Pam::start().await;
    pam.sim.change_behaviour(|knobs| {
        knobs.additional_settings = Some(SettingsForm::Array);
        knobs.notes = Some(NotesPlace::Outside);
    });
    let object = refusal(&pam, "additional_settings", json!({ "server_path": "/x" })).await.unwrap();
    assert!(object.contains("must be an array"), "{object}");
    let inside = refusal(&pam, "additional_settings", json!([{ "notes": "n" }])).await.unwrap();
    assert!(inside.contains("unknown key \"additional_settings.notes\""), "{inside}");
    assert_eq!(refusal(&pam, "notes", json!("n")).await, None);
    pam.sim.change_behaviour(|knobs| knobs.notes = Some(NotesPlace::Inside));
    assert!(refusal(&pam, "notes", json!("n")).await.is_some());
}

#[tokio::test]
async fn another_credential_to_connect_with_must_be_named_from_3_33_on() {
    for version in ProductVersion::ALL {
        let pam = Pam::of(version).await;
        for block in ["execution_settings", "session_settings", "jit_settings"] {
            let mut settings = json!({ "use_own_credential_to_connect": false });
            let needed = refusal(&pam, block, settings.clone()).await.is_some();
            assert_eq!(needed, version >= ProductVersion::V3_33, "{version} {block}");
            for key in ["authentication_credential", "authentication_hostname", "authentication_ip"] {
                settings[key] = "x".into();
            }
            assert_eq!(refusal(&pam, block, settings).await, None);
            assert_eq!(refusal(&pam, block, json!({ "use_own_credential_to_connect": true })).await, None);
        }
        pam.sim.change_behaviour(|knobs| knobs.authentication_required = Some(false));
        assert_eq!(refusal(&pam, "jit_settings", json!({ "use_own_credential_to_connect": false })).await, None);
    }
}
