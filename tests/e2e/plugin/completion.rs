//! kubectl completes the plugin by the program's second name: commands, flags, and names from the cluster; the PAM is not asked.

use std::path::PathBuf;

use tokio::process::Command;

use super::{Plugin, program};
use crate::support::{Folder, World};

#[tokio::test]
async fn kubectl_completes_names_of_the_cluster_and_asks_the_pam_for_nothing() {
    let world = World::start().await;
    for name in ["web", "db-one", "db-two"] {
        world.synced(name).await;
    }
    let folder = Folder::new("completion");
    for name in ["kubectl-pam", "kubectl_complete-pam"] {
        std::os::unix::fs::symlink(program(), folder.join(name)).unwrap();
    }
    let tools = world.cluster.state().tools.kubectl.clone();
    let path = std::env::join_paths([folder.to_path_buf(), PathBuf::from("/usr/bin"), PathBuf::from("/bin")]).unwrap();
    let plugin = Plugin::new(&world);
    let kubectl = async |words: &[&str]| {
        let mut command = Command::new(&tools);
        command.args(words).env("PATH", &path).env("KUBECONFIG", &plugin.kubeconfig);
        let output = command.output().await.unwrap();
        String::from_utf8(output.stdout).unwrap()
    };
    let count = world.count().await;
    // Names that do not come within a second are left out, and a busy machine is slower: a user presses the key again.
    let complete = async |words: &[&str]| {
        let mut shown = String::new();
        for _ in 0..20 {
            shown = kubectl(&[&["__complete", "pam"], words].concat()).await;
            if shown != ":4\n" {
                break;
            }
        }
        shown
    };
    let namespace = world.namespace.as_str();
    assert!(complete(&["sta"]).await.starts_with("status\t"));
    let names = complete(&["sync", "-n", namespace, "db"]).await;
    assert_eq!(names, "db-one\tPamCredential\ndb-two\tPamCredential\n:4\n");
    let bare = complete(&["status", "-n", namespace, "db-o"]).await;
    assert_eq!(bare, "db-one\tPamCredential\n:4\n");
    let all = complete(&["status", "-n", namespace, ""]).await;
    assert!(all.contains("pamcred\tPamCredential\n") && all.contains("\nweb\tPamCredential\n"), "{all}");
    assert!(!all.contains("pamcred/web"), "each object once: {all}");
    let of_kind = complete(&["status", "--namespace", namespace, "pamcred/w"]).await;
    assert_eq!(of_kind, "pamcred/web\tPamCredential\n:4\n");
    let connections = complete(&["status", "-n", namespace, "--connection", &world.connection]).await;
    assert!(connections.starts_with(&format!("{}\tClusterPamConnection\n", world.connection)), "{connections}");
    let after_equals = complete(&["status", "-n", namespace, &format!("--connection={}", world.connection)]).await;
    assert!(after_equals.starts_with(&format!("{}\t", world.connection)), "the value alone: {after_equals}");
    let namespaces = complete(&["status", "-n", namespace]).await;
    assert!(namespaces.lines().any(|line| line == namespace), "{namespaces}");
    assert_eq!(world.journal(&count).entries().len(), 0, "the PAM was asked");

    let ran = kubectl(&["pam", "status", "pamcred/web", "-n", namespace]).await;
    assert!(ran.contains("pamcred/web   True    Synced"), "{ran}");
    let help = kubectl(&["pam", "status", "--help"]).await;
    assert!(help.contains("Usage: kubectl pam status "), "{help}");
}
