//! Which path is signed.

/// The path that a request to this host and path is signed with.
///
/// One leading `/app` goes, and only that: paths may have another `/app/` inside. The hosts of cameras
/// have no such prefix, so that theirs is signed whole.
pub fn signing_path<'a>(host: &str, path: &'a str) -> &'a str {
    if is_camera_host(host) {
        return path;
    }
    path.strip_prefix("/app").filter(|rest| rest.starts_with('/')).unwrap_or(path)
}

/// Whether this is a host of the cameras' services.
pub(crate) fn is_camera_host(host: &str) -> bool {
    host.split('.').any(|label| label.eq_ignore_ascii_case("smartcamera"))
}

#[cfg(test)]
mod tests {
    use super::signing_path;

    #[test]
    fn only_a_leading_app_goes() {
        let host = "de.api.io.mi.com";
        for (path, signed) in [
            ("/app/home/device_list", "/home/device_list"),
            ("/app/app/x", "/app/x"),
            ("/app/appgateway/third/miot/app/y", "/appgateway/third/miot/app/y"),
            ("/appgateway/x", "/appgateway/x"),
            ("/app", "/app"),
            ("/app/", "/"),
            ("/home/app/x", "/home/app/x"),
        ] {
            assert_eq!(signing_path(host, path), signed);
        }
        let camera = "business.smartcamera.api.io.mi.com";
        assert_eq!(signing_path(camera, "/common/app/get/x"), "/common/app/get/x");
        assert_eq!(signing_path(camera, "/app/get/x"), "/app/get/x");
    }
}
