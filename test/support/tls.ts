// TLS for a PostgreSQL server of the tests. The certificate is its own authority, for localhost, until the year 2126; nothing else trusts it.
import { asSuperuser } from './databases.ts'

export const CERTIFICATE = `-----BEGIN CERTIFICATE-----
MIIBnDCCAUGgAwIBAgIUVx5rQoInmoXYgMMwErWeb1K5c3YwCgYIKoZIzj0EAwIw
FDESMBAGA1UEAwwJbG9jYWxob3N0MCAXDTI2MTEyMzA3MTU0MFoYDzIxMjYxMDMw
MDcxNTQwWjAUMRIwEAYDVQQDDAlsb2NhbGhvc3QwWTATBgcqhkjOPQIBBggqhkjO
PQMBBwNCAAQeL4nW11pDx2k/vyo41/8s6tvcxVyoI0kyxS9CwI4oIa2nyoBL/Q5v
BvvuUi40/Gaq1bkU8+mrP9g+bR3fC2Iuo28wbTAdBgNVHQ4EFgQUtqIwWzykbKow
etAtGBD7vfGiICwwHwYDVR0jBBgwFoAUtqIwWzykbKowetAtGBD7vfGiICwwDwYD
VR0TAQH/BAUwAwEB/zAaBgNVHREEEzARgglsb2NhbGhvc3SHBH8AAAEwCgYIKoZI
zj0EAwIDSQAwRgIhAJ9q0298Jo5sLWSCCtFFQafzv3Wsfe/wCXbBzVaxK0XDAiEA
4LxHlda+MshH1njfAzhQkJa2cmMKCNDTJS7cXZwEQJk=
-----END CERTIFICATE-----
`

export const KEY = `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg3sUXGiqRzPEDbjVp
+9QvBWQVEMaRW6+nlBYUXZntQkOhRANCAAQeL4nW11pDx2k/vyo41/8s6tvcxVyo
I0kyxS9CwI4oIa2nyoBL/Q5vBvvuUi40/Gaq1bkU8+mrP9g+bR3fC2Iu
-----END PRIVATE KEY-----
`

/** Has a server accept TLS from now on. It writes the files itself, into its own data directory: nobody else may read the key. */
export async function turnOnTls(url: string): Promise<void> {
  for (const [file, text] of [['tls.crt', CERTIFICATE], ['tls.key', KEY]] as const) {
    const lines = text.trim().split('\n').map((line) => `('${line}')`)
    await asSuperuser(url, `copy (values ${lines.join(', ')}) to program 'umask 077; cat > ${file}'`)
  }
  await asSuperuser(url, `alter system set ssl_cert_file = 'tls.crt'`)
  await asSuperuser(url, `alter system set ssl_key_file = 'tls.key'`)
  await asSuperuser(url, 'alter system set ssl = on')
  await asSuperuser(url, 'select pg_reload_conf()')
}
