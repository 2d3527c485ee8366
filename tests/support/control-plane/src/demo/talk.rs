//! What the demo says, and how it waits for its reader.

use std::{
    fmt::Write as _,
    io::{IsTerminal, Write as _, stdin, stdout},
    path::Path,
};

use tokio::sync::oneshot;

use super::{NAMESPACE, SHOWN, simulator::Simulator};
use crate::ControlPlane;

/// In a terminal: says how to play with it, and waits for Enter or Ctrl-C. Elsewhere: nothing.
pub(super) async fn stay_up(cluster: &ControlPlane, simulator: &Simulator) {
    if !stdin().is_terminal() || !stdout().is_terminal() {
        return;
    }
    let tools = &cluster.state().tools;
    let folder = tools.kubectl.parent().unwrap_or(Path::new(".")).display();
    let this = std::env::current_exe().unwrap_or_default();
    let beside = this.parent().unwrap_or(Path::new(".")).display();
    say(&format!(
        "\nIt stays up. To play with it, in another terminal:\n\n    export KUBECONFIG={}\n    export PATH={folder}:{beside}:$PATH\n    \
         kubectl get pamcred -A --watch\n    kubectl pam status -A\n    kubectl edit pamcred {SHOWN} -n {NAMESPACE}\n    curl {}/records\n\n\
         Press Enter to end it.",
        cluster.kubeconfig().display(),
        simulator.admin_url
    ));
    let (pressed, enter) = oneshot::channel();
    std::thread::spawn(move || {
        // An error, or the end of the input, ends it as well.
        let _ = stdin().read_line(&mut String::new());
        let _ = pressed.send(());
    });
    tokio::select! {
        _ = enter => {}
        _ = tokio::signal::ctrl_c() => {}
    }
}

pub(super) fn step(text: &str) {
    say(&format!("\n==> {text}"));
}

pub(super) fn command(text: &str) {
    say(&format!("\n  $ {text}"));
}

/// One piece of the demo's output. A reader that went away (`| head`) is no reason to leave things running.
pub(super) fn say(text: &str) {
    let _ = writeln!(stdout(), "{}", text.trim_end());
}

pub(super) fn indented(text: &str) -> String {
    text.lines().fold(String::new(), |mut all, line| {
        // Writing to a String cannot fail.
        let _ = writeln!(all, "    {line}");
        all
    })
}
