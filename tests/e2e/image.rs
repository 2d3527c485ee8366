//! The image: from its root filesystem, as its user and with what the kubelet adds to it, the operator leads and pushes (P1), and
//! shows no secret (P8).
//!
//! The program is built for the image's target in a profile that compiles fast. `make image-check` runs the same with the
//! released program: `PAM_TEST_ROOTFS` names the unpacked layers, `PAM_TEST_EMULATOR` what runs another architecture.

use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::support::{CANARY, Folder, PATIENCE, PROGRAM, Plan, World, assert_no_canary};
use local_cluster::RootFs;
use pam_simulator::Kind;
use serde_json::json;
use tokio::process::Command;

/// An emulated processor is some twenty times slower.
const EMULATED: Duration = Duration::from_mins(3);

fn emulator() -> Option<PathBuf> {
    std::env::var_os("PAM_TEST_EMULATOR").filter(|path| !path.is_empty()).map(PathBuf::from)
}

/// Makes the image's root filesystem in `folder`, or copies the given one.
async fn root_filesystem(folder: &Path) -> RootFs {
    let root = folder.join("root");
    std::fs::create_dir_all(&root).unwrap();
    if let Some(unpacked) = std::env::var_os("PAM_TEST_ROOTFS") {
        return RootFs::copy(Path::new(&unpacked), emulator().as_deref(), &root).unwrap();
    }
    let recipe = Path::new(env!("CARGO_MANIFEST_DIR")).join("release/rootfs.sh");
    let built = folder.join("built");
    let output = Command::new(recipe).args([architecture(), "image-test"]).arg(&built).output().await.unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    RootFs::copy(&built, None, &root).unwrap()
}

fn architecture() -> &'static str {
    if cfg!(target_arch = "aarch64") { "arm64" } else { "amd64" }
}

#[tokio::test]
async fn the_operator_leads_and_pushes_from_the_root_filesystem_of_its_image() {
    let folder = Folder::new("image");
    let root = root_filesystem(&folder).await;
    let version = root.output(&["--version"]).await.unwrap();
    assert_eq!(version.trim(), format!("pam-operator {}", env!("CARGO_PKG_VERSION")));
    assert!(root.output(&["--help"]).await.unwrap().contains("--leader-election"));

    let mut world = Plan::default().operator_off().start().await;
    // By its name, which the program resolves without a C library.
    world.put_connection(json!({"url": world.sim.localhost_url()})).await;
    let patience = if emulator().is_some() { EMULATED } else { PATIENCE };
    let mut operator = world.install.operator(PROGRAM).in_root(&root).start().await.unwrap();
    operator.ready(patience).await.unwrap();
    world.operator = Some(operator);
    world.put_secret("from-image", json!({"password": format!("{CANARY}-from-image")})).await;
    world.put_credential("from-image", json!({})).await;
    let credential = world.becomes_within("from-image", "Synced", patience).await;
    let id = credential.status.unwrap().id.unwrap();
    assert_eq!(world.sim.value_of(&id), Some(format!("{CANARY}-from-image")));
    assert_eq!(world.sim.journal().count(Kind::PostCredential), 1);
    assert_no_canary(&world.everything_said().await);
    the_image_knows_public_authorities(&world).await;
    world.stop_operator().await;
}

/// Without `caBundle` the image's certificates decide: the simulator's is of none of their CAs. With no certificates at all the
/// operator would say something else.
async fn the_image_knows_public_authorities(world: &World) {
    world.put_connection(json!({"url": world.sim.localhost_url(), "tls": null})).await;
    let connection = world.connection_becomes("PamUnavailable").await;
    let conditions = connection.status.unwrap().conditions;
    let message = &conditions.iter().find(|condition| condition.type_ == "Ready").unwrap().message;
    assert!(message.contains("comes from an authority that is not trusted"), "{message}");
}
