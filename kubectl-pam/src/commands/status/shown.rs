//! What is asked for, and the objects that answer it as a table.

use clap::Args;
use jiff::Timestamp;

use super::item::StatusItem;
use crate::cluster::Cluster;
use crate::exit::Exit;
use crate::objects::{ConnectionName, Found, Named, Selection};
use crate::output::{Answer, Cell, OutputArgs, Row, Table, age};

/// Show what the operator says of its objects, and what to do about those that are not ready
#[derive(Args, Clone, Debug)]
#[allow(clippy::struct_excessive_bools, reason = "each is a flag")]
#[command(
    after_help = "Exits with 1 if an object is not ready. One object by name is shown with what it claims in the PAM, \
its last push, its Secrets, its plan and its last events.

Kinds: pamcred, mysafe, pamconn, clusterpamconn; all of them by default."
)]
pub struct StatusArgs {
    /// Kinds, or objects by name; a name without a kind is a PamCredential's
    #[arg(id = "kinds_or_objects", value_name = "KIND|[KIND/]NAME", value_parser = Named::with_bare_name)]
    pub(super) what: Vec<Named>,
    /// Objects of all namespaces
    #[arg(short = 'A', long)]
    pub(super) all_namespaces: bool,
    /// Objects with these labels
    #[arg(short = 'l', long, value_name = "SELECTOR")]
    pub(super) selector: Option<String>,
    /// Objects of this connection, and the connection
    #[arg(long, value_name = "[KIND/]NAME")]
    pub(super) connection: Option<ConnectionName>,
    /// Only objects that are not ready
    #[arg(long)]
    pub(super) not_ready: bool,
    /// Go on showing what changes, until interrupted
    #[arg(short = 'w', long)]
    pub(super) watch: bool,
    /// Exit with 0 also if an object is not ready
    #[arg(long)]
    pub(super) exit_zero: bool,
    #[command(flatten)]
    pub(super) output: OutputArgs,
}

/// The objects that are shown.
pub struct Statuses {
    pub(super) items: Vec<StatusItem>,
    pub(super) all_namespaces: bool,
    pub(super) now: Timestamp,
}

impl StatusArgs {
    pub(super) fn selection(&self) -> Selection {
        Selection {
            named: self.what.clone(),
            all_namespaces: self.all_namespaces,
            selector: self.selector.clone(),
            connection: self.connection.clone(),
        }
    }

    pub(super) fn shown(&self, found: &Found) -> Statuses {
        let items = found.objects.iter().map(StatusItem::of).filter(|item| !(self.not_ready && item.ready));
        Statuses { items: items.collect(), all_namespaces: self.all_namespaces, now: Timestamp::now() }
    }

    pub(super) fn nothing(&self, cluster: &Cluster, found: &Found) -> String {
        if self.not_ready && !found.objects.is_empty() {
            return format!("{} objects, and all are ready", found.objects.len());
        }
        let place = if self.all_namespaces { String::new() } else { format!(" in namespace {}", cluster.namespace) };
        format!("no objects of the PAM operator found{place}")
    }

    pub(super) fn exit(&self, shown: &Statuses) -> Exit {
        let all_ready = shown.items.iter().all(|item| item.ready);
        if all_ready || self.exit_zero { Exit::Done } else { Exit::No }
    }
}

impl Answer for Statuses {
    type Item = StatusItem;

    const KIND: &'static str = "StatusList";

    fn table(&self, wide: bool) -> Table {
        let namespace = self.all_namespaces.then_some("NAMESPACE");
        let columns = ["NAME", "READY", "STATUS", "ID", "LAST SYNC", "AGE"];
        let more = ["IDENTIFIER", "HOSTNAME", "CONNECTION", "DRIFTED", "SUSPENDED"];
        let more = more.into_iter().filter(|_| wide);
        let mut table = Table::new(namespace.into_iter().chain(columns).chain(more));
        for item in &self.items {
            table.push(self.row(item, wide));
        }
        table
    }

    fn items(&self) -> &[StatusItem] {
        &self.items
    }

    fn names(&self) -> Vec<String> {
        self.items.iter().map(|item| item.headline.full_name()).collect()
    }
}

impl Statuses {
    fn row(&self, item: &StatusItem, wide: bool) -> Row {
        let since = |time: Option<Timestamp>| time.map(|time| age(time, self.now)).unwrap_or_default();
        let namespace = self.all_namespaces.then(|| Cell::from(item.headline.namespace.clone().unwrap_or_default()));
        let cells = [
            Cell::from(item.headline.short_name()),
            Cell::new(item.ready_text(), item.tone()),
            Cell::new(item.headline.status.as_deref().unwrap_or_default(), item.tone()),
            Cell::from(item.id.clone().unwrap_or_default()),
            Cell::from(since(item.last_sync)),
            Cell::from(since(item.created)),
        ];
        let more = item.more().into_iter().filter(|_| wide);
        let row = Row::new(namespace.into_iter().chain(cells).chain(more));
        let detail = item.detail.iter().flat_map(|detail| detail.lines(item.last_sync, self.now));
        item.notes().into_iter().chain(detail).fold(row, Row::note)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::objects::{Kind, PamObject};
    use kube::api::DynamicObject;
    use serde_json::{Value, json};

    fn object(name: &str, status: &Value) -> PamObject {
        let resource = Kind::PamCredential.resource();
        let mut object = DynamicObject::new(name, &resource).within("shop");
        object.metadata.generation = Some(2);
        object.data = json!({"spec": {"hostname": "db01", "username": "svc"}, "status": status});
        PamObject { kind: Kind::PamCredential, object }
    }

    fn ready(state: &str, reason: &str, message: &str) -> Value {
        let condition = |kind: &str, status: &str| {
            json!({"type": kind, "status": status, "reason": reason, "message": message,
                "lastTransitionTime": "2026-01-01T00:00:00Z"})
        };
        let beside = if state == "True" { json!([]) } else { json!([condition("Stalled", "True")]) };
        let mut conditions = vec![condition("Ready", state)];
        conditions.extend(beside.as_array().cloned().unwrap_or_default());
        json!({"id": "17", "identifier": "shop_db", "observedGeneration": 2, "conditions": conditions})
    }

    fn args(line: &[&str]) -> StatusArgs {
        #[derive(clap::Parser)]
        struct Line {
            #[command(flatten)]
            status: StatusArgs,
        }
        <Line as clap::Parser>::try_parse_from(["status"].iter().chain(line)).unwrap().status
    }

    fn found() -> Found {
        let objects = vec![
            object("ok", &ready("True", "Synced", "fine")),
            object("bad", &ready("False", "DeviceNotFound", "no such\u{1b}[2J device")),
            object("new", &json!(null)),
        ];
        Found { objects, left_out: Vec::new() }
    }

    fn text(line: &[&str]) -> String {
        let args = args(line);
        let shown = args.shown(&found());
        let text = crate::output::text(args.output, &shown).unwrap();
        anstream::adapter::strip_str(&text).to_string()
    }

    #[test]
    fn below_an_object_that_is_not_ready_is_what_is_wrong_and_what_to_do() {
        let text = text(&[]);
        let lines: Vec<&str> = text.lines().collect();
        assert!(lines[0].starts_with("NAME          READY     STATUS           ID       LAST SYNC   AGE"), "{text}");
        assert!(lines[1].starts_with("pamcred/ok    True      Synced           17       <none>      "), "{text}");
        assert!(lines[2].starts_with("pamcred/bad   False     DeviceNotFound   17 "), "{text}");
        assert_eq!(lines[3], "    no such\u{fffd}[2J device");
        assert_eq!(lines[4], "    → register the device in the PAM, or correct the two fields");
        assert!(lines[5].starts_with("pamcred/new   Unknown   <none> "), "{text}");
        assert!(lines[6].starts_with("    the operator has not looked at it yet"), "{text}");
    }

    #[test]
    fn the_exit_code_says_whether_all_that_is_shown_is_ready() {
        let exit = |line: &[&str], found: &Found| args(line).exit(&args(line).shown(found));
        assert_eq!(exit(&[], &found()), Exit::No);
        assert_eq!(exit(&["--exit-zero"], &found()), Exit::Done);
        let ready = Found { objects: found().objects[..1].to_vec(), left_out: Vec::new() };
        assert_eq!(exit(&[], &ready), Exit::Done);
        assert_eq!(exit(&["--not-ready"], &ready), Exit::Done);
        assert_eq!(exit(&[], &Found::default()), Exit::Done);
    }

    #[test]
    fn only_what_is_not_ready_is_shown_where_that_was_asked_for() {
        let text = text(&["--not-ready", "--no-headers"]);
        assert!(!text.contains("pamcred/ok") && text.starts_with("pamcred/bad"), "{text}");
    }

    #[test]
    fn names_are_those_that_kubectl_takes() {
        assert_eq!(
            text(&["-o", "name", "--not-ready"]),
            "pamcredential.pam-operator.io/bad\npamcredential.pam-operator.io/new\n"
        );
    }

    #[test]
    fn json_holds_what_every_form_of_the_table_shows() {
        let json: Value = serde_json::from_str(&text(&["-o", "json"])).unwrap();
        assert_eq!(
            (json["apiVersion"].as_str(), json["kind"].as_str()),
            (Some("cli.pam-operator.io/v1"), Some("StatusList"))
        );
        let bad = &json["items"][1];
        assert_eq!((bad["ready"].as_bool(), bad["readyStatus"].as_str()), (Some(false), Some("False")));
        for (key, value) in [
            ("kind", "PamCredential"),
            ("namespace", "shop"),
            ("name", "bad"),
            ("status", "DeviceNotFound"),
            ("whatToDo", "register the device in the PAM, or correct the two fields"),
            ("id", "17"),
            ("identifier", "shop_db"),
            ("hostname", "db01"),
        ] {
            assert_eq!(bad[key], value, "{bad}");
        }
        assert_eq!(bad["connection"], json!({"kind": "ClusterPamConnection", "name": "default"}));
        let wide = text(&["-o", "wide"]);
        for words in ["shop_db", "db01", "default", "IDENTIFIER", "DRIFTED"] {
            assert!(wide.contains(words), "{wide}");
        }
    }

    #[test]
    fn a_status_of_an_older_spec_is_no_ready_one() {
        let mut status = ready("True", "Synced", "fine");
        status["observedGeneration"] = json!(1);
        let item = StatusItem::of(&object("edited", &status));
        assert!(!item.ready);
        assert!(item.notes()[0].contains("the operator has not looked at the newest version"), "{:?}", item.notes());
    }
}
