//! What PyO3 offers as add_libpython_rpath_link_args(), switched by the environment so that one
//! build serves both forms.

fn main() {
    println!("cargo:rerun-if-env-changed=PROBE_RPATH");
    if let Ok(dir) = std::env::var("PROBE_RPATH") {
        println!("cargo:rustc-link-arg=-Wl,-rpath,{dir}");
    }
}
