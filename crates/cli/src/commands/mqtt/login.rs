//! Logins as the command line describes them.

use iot_home::aliyun::login::{Certificate as AliyunCertificate, Signed};
use iot_home::tencent::login::{Certificate as TencentCertificate, Keyed};
use iot_home::{Secret, aliyun, tencent};

use crate::args::{AliyunLogin, SecureMode, TencentLogin, Way};
use crate::failure::Failure;

/// Signed with a secret.
pub(super) fn aliyun(
    args: AliyunLogin,
    secret: Secret<String>,
) -> Result<aliyun::Login<Signed>, Failure> {
    let device = aliyun::Device::new(args.product_key.as_str(), args.device_name.as_str(), secret);
    let device = device.map_err(invalid)?;
    let login = match args.secure_mode {
        SecureMode::Tls => device.tls(),
        SecureMode::Tcp => device.tcp(),
    };
    let login = login.client_id(args.client_id.as_str()).map_err(invalid)?;
    let mut login = login.sign_method(args.sign_method);
    if let Some(milliseconds) = args.timestamp {
        login = login.timestamp(aliyun::Timestamp::Fixed(milliseconds));
    }
    of_aliyun(login, args)
}

/// Proved by a certificate.
pub(super) fn aliyun_certificate(
    args: AliyunLogin,
) -> Result<aliyun::Login<AliyunCertificate>, Failure> {
    if args.secure_mode == SecureMode::Tcp {
        return Err(Failure::usage("a certificate proves a device over TLS: secure mode 2"));
    }
    if args.timestamp.is_some() {
        return Err(Failure::usage("with a certificate nothing is signed, no timestamp either"));
    }
    let (product_key, device_name) = (args.product_key.as_str(), args.device_name.as_str());
    let device = aliyun::CertificateDevice::new(product_key, device_name).map_err(invalid)?;
    let login = device.tls().client_id(args.client_id.as_str()).map_err(invalid)?;
    of_aliyun(login, args)
}

/// What is said in all logins to Aliyun alike.
fn of_aliyun<A>(
    mut login: aliyun::Login<A>,
    args: AliyunLogin,
) -> Result<aliyun::Login<A>, Failure> {
    let params = args.params.iter().try_fold(aliyun::Params::new(), |params, param| {
        let (name, value) = param.split_once('=').ok_or_else(|| {
            Failure::bad_input("an ext param is a name and a value, such as _ss=1")
        })?;
        params.own(name, value).map_err(invalid)
    })?;
    login = login.params(params).keep_alive(args.way.keep_alive).map_err(invalid)?;
    if let Some(region) = args.region {
        login = login.endpoint(&region.into()).map_err(invalid)?;
    }
    if let Some(instance) = args.instance {
        login = login.instance(instance).map_err(invalid)?;
    }
    if let Some((host, port)) = host(args.way) {
        login = login.host(host).map_err(invalid)?;
        if let Some(port) = port {
            login = login.port(port);
        }
    }
    Ok(login)
}

/// Signed with a key.
pub(super) fn tencent(
    args: TencentLogin,
    secret: Secret<String>,
) -> Result<tencent::Login<Keyed>, Failure> {
    let device = tencent::Device::new(args.product_id.as_str(), args.device_name.as_str(), secret);
    let device = device.map_err(invalid)?;
    let login = if args.tls { device.tls() } else { device.tcp() };
    of_tencent(login.sign_method(args.sign_method), args)
}

/// Proved by a certificate: over TLS, whether or not that is said.
pub(super) fn tencent_certificate(
    args: TencentLogin,
) -> Result<tencent::Login<TencentCertificate>, Failure> {
    let (product_id, device_name) = (args.product_id.as_str(), args.device_name.as_str());
    let device = tencent::CertificateDevice::new(product_id, device_name).map_err(invalid)?;
    of_tencent(device.tls(), args)
}

/// What is said in all logins to Tencent alike.
fn of_tencent<A>(
    login: tencent::Login<A>,
    args: TencentLogin,
) -> Result<tencent::Login<A>, Failure> {
    let login = login.sdk_app_id(args.sdk_app_id).region(args.region);
    let mut login = login.keep_alive(args.way.keep_alive).map_err(invalid)?;
    if let Some(conn_id) = args.conn_id {
        login = login.conn_id(conn_id).map_err(invalid)?;
    }
    if let Some(expiry) = args.expiry {
        login = login.expiry(tencent::Expiry::At(expiry));
    }
    if let Some((host, port)) = host(args.way) {
        login = login.host(host).map_err(invalid)?;
        if let Some(port) = port {
            login = login.port(port);
        }
    }
    Ok(login)
}

fn host(way: Way) -> Option<(String, Option<u16>)> {
    way.host.map(|host| host.parts())
}

fn invalid(error: aliyun::InvalidField) -> Failure {
    Failure::bad_input(error.to_string())
}
