//! How the module is linked.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let is = |name: &str, value: &str| std::env::var(name).is_ok_and(|found| found == value);
    // The linker leaves room for the longest number wherever it fills one in, a sixteenth of the module, unless it is told
    // not to; with debug information it cannot do without.
    if is("CARGO_CFG_TARGET_FAMILY", "wasm") && is("PROFILE", "release") {
        println!("cargo::rustc-cdylib-link-arg=--strip-debug");
        println!("cargo::rustc-cdylib-link-arg=--compress-relocations");
    }
}
