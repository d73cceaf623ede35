//! Link settings of the Node.js addon (macOS needs unresolved symbols to be allowed; nothing to do elsewhere).

fn main() {
    #[cfg(feature = "napi")]
    napi_build::setup();
}
