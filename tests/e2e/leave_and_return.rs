//! P1, P3, P7, P8: the steps of `docs/how-to/leave-and-return.md`, word for word and in order, in one cluster. No record is lost or
//! disabled, and no value is sent again without need.

use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Stdio;

use k8s_openapi::api::core::v1::Secret;
use kube::api::Api;
use local_cluster::{Installation, Operator, wait_until};
use pam_operator::api::DIGEST_KEY_SECRET;
use pam_simulator::{Kind, Mark};
use serde_json::{Value, json};
use tokio::process::Command;

use crate::support::{CANARY, Folder, Names, PATIENCE, PROGRAM, Plan, World, assert_no_canary};

const PAGE: &str = include_str!("../../docs/how-to/leave-and-return.md");
const NAMES: Names = Names { namespace: "shop", connection: "default", operator: "pam-operator" };
const OBJECTS: [(&str, &str, &str); 2] = [("one", "db01", "10.0.0.7"), ("two", "web01", "10.0.0.8")];

/// The commands of each block below a heading of the page.
fn blocks(heading: &str) -> Vec<String> {
    let below = PAGE.split(&format!("\n{heading}\n")).nth(1).unwrap_or_else(|| panic!("{heading} is missing"));
    let section = below.split("\n## ").next().unwrap().split("\n### ").next().unwrap();
    let blocks = section.split("```sh\n").skip(1).map(|rest| rest.split("```").next().unwrap().to_owned());
    blocks.collect()
}

/// A reader of the page, in a checkout of the repository.
struct Reader {
    world: World,
    folder: Folder,
    /// How many blocks of the page were run.
    blocks: usize,
}

impl Reader {
    async fn start() -> Self {
        let plan = Plan::default().on_its_own().await.named(NAMES).value("watchNamespaces", json!([]));
        let folder = Folder::new("leave");
        for name in ["charts", "deploy"] {
            symlink(Path::new(env!("CARGO_MANIFEST_DIR")).join(name), folder.join(name)).unwrap();
        }
        Self { world: plan.start().await, folder, blocks: 0 }
    }

    /// Runs commands as a user who has kubectl and helm, and returns what they print.
    async fn run(&self, commands: &str) -> String {
        let tools = &self.world.cluster.state().tools;
        let [kubectl, helm] = [&tools.kubectl, &tools.helm].map(|program| Path::new(program).parent().unwrap());
        let path = std::env::join_paths([kubectl, helm, Path::new("/usr/bin"), Path::new("/bin")]).unwrap();
        let mut shell = Command::new("sh");
        let shell = shell.args(["-e", "-c", commands]).stdin(Stdio::null()).env("PATH", path);
        let shell = shell.current_dir(&*self.folder).env("HOME", &*self.folder);
        let output = shell.env("KUBECONFIG", self.world.cluster.kubeconfig()).output().await.unwrap();
        let printed = [output.stdout, output.stderr].map(|text| String::from_utf8(text).unwrap()).concat();
        assert!(output.status.success(), "{commands}: {printed}");
        assert_no_canary(&printed);
        printed
    }

    /// Runs a block of the page.
    async fn block(&mut self, commands: &str) -> String {
        self.blocks += 1;
        self.run(commands).await
    }

    /// Starts the operator of the release that is installed now.
    async fn operates(&mut self, namespace: &str, release: &str) {
        self.world.install = Installation::of(self.world.cluster, namespace).named(release).installed().await.unwrap();
        self.world.start_operator().await;
    }

    /// Both objects are synced on the records that they had, which are all that there are.
    async fn nothing_is_lost(&self, ids: &[Option<String>]) {
        let mut now = Vec::new();
        for (name, _, _) in OBJECTS {
            now.push(self.world.becomes(name, "Synced").await.status.unwrap().id);
        }
        assert_eq!((now, self.world.sim.count(Kind::DeleteCredential)), (ids.to_vec(), 0));
        assert!(self.world.sim.records().iter().all(|record| record.active) && self.world.sim.records().len() == 2);
    }

    fn posts(&self, since: Mark) -> usize {
        self.world.sim.since(since).count(Kind::PostCredential)
    }

    async fn key(&self, namespace: &str) -> Option<Vec<u8>> {
        let secrets = Api::<Secret>::namespaced(self.world.client.clone(), namespace);
        secrets.get(DIGEST_KEY_SECRET).await.unwrap().data?.remove("key").map(|key| key.0)
    }

    /// Does to the digest key what a tool does that replaces objects.
    async fn wipe_key(&self) {
        let meta = json!({"name": DIGEST_KEY_SECRET, "namespace": "pam-operator"});
        let secret = json!({"apiVersion": "v1", "kind": "Secret", "metadata": meta}).to_string();
        self.world.cluster.kubectl_with(&["replace", "-f", "-"], &secret).await.unwrap();
        assert_eq!(self.key("pam-operator").await, None);
    }

    // === The sections of the page

    /// Also with an object that is suspended.
    async fn removes_everything(&mut self) {
        for (name, hostname, ip) in OBJECTS {
            self.world.put_secret(name, json!({"password": CANARY})).await;
            let spec = json!({"deletionPolicy": "Disable", "hostname": hostname, "ip": ip});
            self.world.put_credential(name, spec).await;
            self.world.becomes(name, "Synced").await;
        }
        let (name, hostname, ip) = OBJECTS[1];
        let suspended = json!({"deletionPolicy": "Disable", "hostname": hostname, "ip": ip, "suspend": true});
        self.world.put_credential(name, suspended).await;
        let [retain, delete, look, remove] = &blocks("### Remove everything")[..] else { panic!() };
        self.block(retain).await;
        self.block(delete).await;
        assert!(self.block(look).await.contains("No resources found"));
        assert_no_canary(&self.world.logs());
        self.block(remove).await;
        self.world.operator = None;
        assert_eq!(self.block(&blocks("## Check")[0]).await, "removed\n");
        assert_eq!(self.world.sim.count(Kind::DeleteCredential), 0);
        assert!(self.world.sim.records().iter().all(|record| record.active) && self.world.sim.records().len() == 2);
    }

    /// Installs the release as the manual says, with two objects whose policy is `Disable`.
    async fn comes_back(&mut self) -> Vec<Option<String>> {
        let release = Installation::of(self.world.cluster, "pam-operator").with_crds().set("clusterName", "c1");
        let release = release.set("log.filter", "trace").set("connectionSelector", "world=default");
        self.world.install = release.install().await.unwrap();
        self.world.cluster.kubectl(&["wait", "crd", "--all", "--for=condition=Established"]).await.unwrap();
        self.put_login("pam-operator").await;
        self.world.put_connection(auth()).await;
        self.world.start_operator().await;
        self.world.connection_becomes("Authenticated").await;
        let mut ids = Vec::new();
        for (name, hostname, ip) in OBJECTS {
            let spec = json!({"deletionPolicy": "Disable", "hostname": hostname, "ip": ip});
            self.world.put_credential(name, spec).await;
            ids.push(self.world.becomes(name, "Synced").await.status.unwrap().id);
        }
        self.nothing_is_lost(&ids).await;
        ids
    }

    async fn put_login(&self, namespace: &str) {
        let sim = &self.world.sim;
        let login = json!({"clientId": sim.client_id(), "clientSecret": sim.client_secret()});
        self.world.put_secret_in(namespace, "pam-oauth-client", login).await;
    }

    async fn frees_a_stuck_crd(&mut self, ids: &[Option<String>]) {
        assert_no_canary(&self.world.stop_operator().await);
        self.run("kubectl delete crd pamcredentials.pam-operator.io --wait=false").await;
        let [see, stop, save, free, back] = &blocks("### A CRD that is stuck in Terminating")[..] else { panic!() };
        self.world
            .cluster
            .kubectl(&["wait", "crd/pamcredentials.pam-operator.io", "--for=condition=Terminating"])
            .await
            .unwrap();
        let seen = self.block(see).await;
        assert!(seen.contains("CustomResource") && seen.matches("pam-operator.io/disable").count() == 2, "{seen}");
        for commands in [stop, save, free, back] {
            self.block(commands).await;
        }
        self.operates("pam-operator", "pam-operator").await;
        self.nothing_is_lost(ids).await;
    }

    async fn moves_the_release(&mut self, ids: &[Option<String>]) {
        let [name, namespace, clean] = &blocks("### Another release name or namespace")[..] else { panic!() };
        let (mark, key) = (self.world.sim.mark(), self.key("pam-operator").await);
        for (commands, namespace, release) in
            [(name, "pam-operator", "vault"), (namespace, "pam-system", "pam-operator")]
        {
            assert_no_canary(&self.world.stop_operator().await);
            self.block(commands).await;
            self.operates(namespace, release).await;
            self.nothing_is_lost(ids).await;
            assert_eq!((self.key(namespace).await, self.posts(mark)), (key.clone(), 0), "{release}");
        }
        self.block(clean).await;
        self.nothing_is_lost(ids).await;
    }

    async fn leaves_plain_yaml(&mut self, ids: &[Option<String>]) {
        assert_no_canary(&self.world.stop_operator().await);
        self.run("helm uninstall pam-operator --namespace pam-system --wait && kubectl create namespace pam-operator")
            .await;
        self.run(
            "kubectl -n pam-system get secret pam-operator-digest-key pam-oauth-client -o json |
            jq '.items[] | {apiVersion, kind, type, data, metadata: {name: .metadata.name}}' |
            kubectl -n pam-operator create -f -",
        )
        .await;
        self.run("kubectl apply --server-side --force-conflicts -f deploy/pam-operator.yaml").await;
        let (mark, key) = (self.world.sim.mark(), self.key("pam-operator").await);
        let [look, delete, install] = &blocks("### From plain YAML to Helm")[..] else { panic!() };
        assert!(self.block(look).await.contains("--"));
        self.block(delete).await;
        self.block(install).await;
        self.operates("pam-operator", "pam-operator").await;
        self.nothing_is_lost(ids).await;
        assert_eq!((self.key("pam-operator").await, self.posts(mark)), (key, 0));
    }

    async fn loses_the_key(&mut self) {
        let [copy, put_back, see, push] = &blocks("### The digest key is lost")[..] else { panic!() };
        let key = self.key("pam-operator").await;
        self.block(copy).await;
        assert_no_canary(&self.world.stop_operator().await);
        self.wipe_key().await;
        self.block(put_back).await;
        assert_eq!(self.key("pam-operator").await, key);
        self.world.start_operator().await;
        assert_no_canary(&self.world.stop_operator().await);

        self.wipe_key().await;
        let changed = format!("{CANARY}-2");
        self.world.put_secret("one", json!({"password": changed})).await;
        self.world.start_operator().await;
        self.world.becomes("one", "Adopted").await;
        wait_until("the event", PATIENCE, async || {
            let events = self.world.cluster.kubectl(&["-n", "pam-operator", "get", "events"]).await?;
            anyhow::ensure!(events.contains("DigestKeyReplaced"), "{events}");
            Ok(())
        })
        .await
        .unwrap();
        let seen = self.block(see).await;
        assert!(seen.matches("DigestKeyReplaced").count() == 2 && seen.contains("former key: 2"), "{seen}");
        let metrics = self.world.operator.as_ref().unwrap().metrics().await.unwrap();
        assert!(metrics.contains("pam_operator_digest_key_lost_objects 2\n"), "{metrics}");
        self.block(push).await;
        self.world.pam_holds("one", &changed).await;
    }

    /// Starts the second release, with a connection and an object of its own.
    async fn second_release(&mut self) -> Operator {
        let listen = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let values = json!({"clusterName": "c1", "listenAddress": listen.to_string()}).to_string();
        std::fs::write(self.folder.join("billing-values.yaml"), values).unwrap();
        self.block(&blocks("### Two releases in one cluster")[1]).await;
        let install = Installation::of(self.world.cluster, "pam-billing").installed().await.unwrap();
        self.put_login("pam-billing").await;
        let mut operator = install.start_operator(PROGRAM, &[]).await.unwrap();
        operator.ready(PATIENCE).await.unwrap();
        let mut spec = serde_json::to_value(self.world.connections().get("default").await.unwrap().spec).unwrap();
        crate::support::merge(&mut spec, auth());
        let meta = json!({"name": "billing", "labels": {"team": "billing"}});
        let connection = json!({"apiVersion": "pam-operator.io/v1alpha1", "kind": "ClusterPamConnection", "metadata": meta, "spec": spec});
        self.world.put_secret_in("billing", "three", json!({"password": CANARY})).await;
        let mut object = self.world.credential_json("three", json!({"connectionRef": {"name": "billing"}}));
        object["metadata"]["namespace"] = json!("billing");
        self.world.apply([connection, object]).await;
        operator
    }

    async fn has_two_releases(&mut self) {
        let [limit, _, remove] = &blocks("### Two releases in one cluster")[..] else { panic!() };
        self.block(limit).await;
        assert_no_canary(&self.world.stop_operator().await);
        self.operates("pam-operator", "pam-operator").await;
        let mut second = self.second_release().await;
        self.world.becomes_in("billing", "three", &["Synced"]).await;
        assert_eq!(self.world.sim.records().len(), 3);
        second.stop().await.unwrap();
        assert_no_canary(&second.logs().unwrap());
        let left = self.block(remove).await;
        assert_eq!(left.matches("Synced").count(), 3, "{left}");
        self.world.put_secret("two", json!({"password": format!("{CANARY}-2")})).await;
        self.world.pam_holds("two", &format!("{CANARY}-2")).await;
    }
}

/// What the connection's spec says of its login.
fn auth() -> Value {
    json!({"auth": {"oauth2": {"clientSecretRef": {"name": "pam-oauth-client"}}}})
}

#[tokio::test]
async fn each_line_of_the_page_on_leaving_and_coming_back_loses_no_record() {
    let mut reader = Reader::start().await;
    reader.removes_everything().await;
    let ids = reader.comes_back().await;
    reader.frees_a_stuck_crd(&ids).await;
    reader.moves_the_release(&ids).await;
    reader.leaves_plain_yaml(&ids).await;
    reader.loses_the_key().await;
    reader.has_two_releases().await;
    let left = reader.block(&blocks("## Check")[1]).await;
    assert!(left.matches("Synced").count() == 3 && left.contains("pam-operator-"), "{left}");
    assert_eq!(reader.blocks, PAGE.matches("```sh\n").count(), "every block of the page was run");
    assert_eq!(reader.world.sim.count(Kind::DeleteCredential), 0);
    assert_no_canary(&reader.world.everything_said().await);
}
