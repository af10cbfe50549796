//! Filters of others, from the published package of the proxy-wasm SDK for Rust 0.1.4, run in the
//! host unchanged: `http_headers`, `http_body`, `http_auth_random`, `http_config`.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "test"
)]

mod common;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use common::{ok, settings};
use host_test::{
    GrpcCall, GrpcReply, Host, HttpCall, HttpReply, Module, Request, Response, Services, Settings,
};

fn output(command: &mut Command) -> String {
    let output = command.output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
    String::from_utf8(output.stdout).unwrap()
}

/// The folder with the examples, built once from the package's own source.
fn built() -> &'static Path {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    BUILT.get_or_init(|| {
        let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/published");
        let metadata = output(
            Command::new(env!("CARGO"))
                .args(["metadata", "--format-version", "1", "--locked"])
                .current_dir(&tests),
        );
        let metadata: serde_json::Value = serde_json::from_str(&metadata).unwrap();
        let packages = metadata["packages"].as_array().unwrap();
        let sdk = packages.iter().find(|p| p["name"] == "proxy-wasm").unwrap();
        let target = Path::new(env!("CARGO_TARGET_TMPDIR")).join("published");
        let libraries = output(Command::new("rustc").args([
            "--print",
            "target-libdir",
            "--target",
            "wasm32-wasip1",
        ]));
        let libraries = Path::new(libraries.trim()).join("self-contained");
        // These filters begin in `_start`. Linked as a reactor, which is what rustc makes of a
        // library today, they would have an `_initialize` too, and no host would call `_start`.
        let flags = format!(
            "-C link-self-contained=no -L native={}",
            libraries.display()
        );
        output(
            Command::new(env!("CARGO"))
                .args(["build", "--release", "--quiet", "--examples", "--locked"])
                .args(["--target", "wasm32-wasip1", "--manifest-path"])
                .arg(sdk["manifest_path"].as_str().unwrap())
                .arg("--target-dir")
                .arg(&target)
                .env("RUSTFLAGS", flags)
                .env_remove("CARGO_ENCODED_RUSTFLAGS"),
        );
        target.join("wasm32-wasip1/release/examples")
    })
}

fn start(example: &str, settings: &Settings) -> Host {
    let module = Module::from_file(built().join(format!("{example}.wasm"))).unwrap();
    match Host::start(&module, settings) {
        Ok(host) => host,
        Err(error) => panic!("{error}"),
    }
}

#[test]
fn http_headers_logs_headers_and_answers_by_itself() {
    let mut host = start("http_headers", &settings());
    let out = host.exchange(0, &Request::new("GET", "/other"), &mut ok);
    assert_eq!(out.trapped, None);
    assert_eq!(out.response.unwrap().status, 200);
    let logged = |text: &str| out.logs.iter().any(|line| line.text.contains(text));
    assert!(logged(":path: /other"), "{:?}", out.logs);
    let out = host.exchange(0, &Request::new("GET", "/hello"), &mut ok);
    assert_eq!(out.upstream, None);
    let response = out.response.unwrap();
    assert_eq!(response.text(), "Hello, World!\n");
    assert_eq!(response.header("powered-by"), Some(&b"proxy-wasm"[..]));
}

#[test]
fn http_body_redacts_a_secret() {
    let mut host = start("http_body", &settings());
    let mut answer = |text: &'static str| {
        let mut upstream = move |_: &Request| Response::new(200).with_body(text).into();
        let out = host.exchange(0, &Request::new("GET", "/"), &mut upstream);
        assert_eq!(out.trapped, None);
        out.response.unwrap().text()
    };
    assert_eq!(answer("nothing special"), "nothing special");
    let redacted = answer("a secret");
    assert!(redacted.contains("8 bytes) redacted"), "{redacted}");
}

/// A service that answers with one byte.
struct Byte(u8);

impl Services for Byte {
    fn http(&mut self, call: &HttpCall) -> HttpReply {
        assert_eq!(call.upstream, "httpbin");
        HttpReply::Response(Response::new(200).with_body(vec![self.0]))
    }

    fn grpc(&mut self, _: &GrpcCall) -> GrpcReply {
        GrpcReply::NoSuchUpstream
    }
}

#[test]
fn http_auth_random_asks_a_service_and_obeys() {
    for (byte, status) in [(2, 200), (3, 403)] {
        let mut host = start("http_auth_random", &settings());
        host.set_services(Byte(byte));
        let out = host.exchange(0, &Request::new("GET", "/"), &mut ok);
        assert_eq!(out.trapped, None);
        let response = out.response.unwrap();
        assert_eq!(response.status, status, "{response:?}");
        assert_eq!(response.header("powered-by"), Some(&b"proxy-wasm"[..]));
    }
}

#[test]
fn http_config_adds_what_it_is_configured_with() {
    let settings = Settings {
        plugin_config: b"from the configuration".to_vec(),
        ..settings()
    };
    let out = start("http_config", &settings).exchange(0, &Request::new("GET", "/"), &mut ok);
    assert_eq!(out.trapped, None);
    let response = out.response.unwrap();
    let header = response.header("custom-header");
    assert_eq!(header, Some(&b"from the configuration"[..]), "{response:?}");
}
