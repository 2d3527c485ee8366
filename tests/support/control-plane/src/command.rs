//! Runs a program to its end.

use std::{path::Path, process::Stdio};

use anyhow::{Context, Result, ensure};
use tokio::{io::AsyncWriteExt, process::Command};

/// Runs `program` with `input` on its standard input and returns what it printed.
///
/// Fails, with the arguments and its standard error, when it exits with another code than 0.
pub(crate) async fn run(program: &Path, args: &[&str], env: &[(&str, &Path)], input: Option<&str>) -> Result<String> {
    let mut command = Command::new(program);
    command.args(args).envs(env.iter().copied()).kill_on_drop(true);
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    command.stdin(if input.is_some() { Stdio::piped() } else { Stdio::null() });
    let mut child = command.spawn().with_context(|| format!("cannot start {}", program.display()))?;
    let stdin = child.stdin.take();
    // Written beside reading the output: a program that prints before it has read everything would block otherwise.
    let feed = async {
        if let (Some(mut pipe), Some(text)) = (stdin, input) {
            // A program that ends early closes the pipe; its exit code and stderr tell why.
            let _ = pipe.write_all(text.as_bytes()).await;
        }
    };
    let (output, ()) = tokio::join!(child.wait_with_output(), feed);
    let output = output?;
    let name = program.file_name().unwrap_or_default().to_string_lossy();
    ensure!(
        output.status.success(),
        "`{name} {}` ended with {}: {}",
        args.join(" "),
        output.status,
        String::from_utf8_lossy(&output.stderr).trim()
    );
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}
