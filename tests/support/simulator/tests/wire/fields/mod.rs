//! The fields of a credential's POST.

mod documented;
mod field_knobs;
mod kept;

use pam_simulator::ProductVersion;
use serde_json::{Value, json};

use crate::common::{Reply, full};

const VERSIONS: [ProductVersion; 5] =
    [ProductVersion::V3_32, ProductVersion::V3_33, ProductVersion::V3_33_1, ProductVersion::V4_0, ProductVersion::V4_2];

/// The usual body with this value at this path.
fn with(path: &str, value: Value) -> Value {
    let mut body = full("k8s-a", "svc", "one");
    let mut at = &mut body;
    for name in path.split('.') {
        let (name, in_list) = name.strip_suffix("[]").map_or((name, false), |name| (name, true));
        at = at.as_object_mut().unwrap().entry(name).or_insert_with(|| if in_list { json!([{}]) } else { json!({}) });
        if in_list {
            at = &mut at[0];
        }
    }
    *at = value;
    body
}

fn assert_slip(reply: &Reply, words: &str) {
    assert_eq!((reply.status, reply.code()), (400, 0), "{}", reply.text);
    assert!(reply.message().contains(words), "{}", reply.message());
}
