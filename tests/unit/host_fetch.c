/*
 * host_fetch.c: which addresses are private.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

#include "base/check.h"
#include "host/fetch/address.h"
#include "tests/lib/test.h"

static bool is_private(const char *text)
{
	struct sockaddr_in v4 = {.sin_family = AF_INET};
	struct sockaddr_in6 v6 = {.sin6_family = AF_INET6};
	if (inet_pton(AF_INET, text, &v4.sin_addr) == 1)
		return address_is_private((const struct sockaddr *)&v4);
	if (inet_pton(AF_INET6, text, &v6.sin6_addr) != 1)
		abort();
	return address_is_private((const struct sockaddr *)&v6);
}

TEST(private_networks_are_private_to_their_last_address)
{
	static const char *const private[] = {"0.0.0.0", "64:ff9b:1::10.0.0.1", "0.255.255.255",
			"10.0.0.0", "10.255.255.255", "100.64.0.0", "100.127.255.255", "127.0.0.1",
			"127.255.255.255", "169.254.169.254", "172.16.0.0", "172.31.255.255",
			"192.0.0.8", "192.168.0.0", "192.168.255.255", "198.19.255.255",
			"224.0.0.1", "255.255.255.255", "::", "::1", "::7f00:1",
			"fc00::", "fdff::1", "fe80::1", "febf::1", "ff02::1", "::ffff:127.0.0.1",
			"::ffff:10.1.2.3", "64:ff9b::192.168.1.1",
			"2002:7f00:1::", "2002:c0a8:101::1"};
	for (size_t i = 0; i < ARRAY_LENGTH(private); i++)
		CHECK_MSG(is_private(private[i]), "%s is everybody's", private[i]);
}

TEST(their_neighbours_are_everybodys)
{
	static const char *const public[] = {"1.0.0.0", "9.255.255.255", "11.0.0.0",
			"100.63.255.255", "100.128.0.0", "126.255.255.255", "128.0.0.0",
			"169.253.255.255", "169.255.0.0", "172.15.255.255", "172.32.0.0",
			"192.0.1.0", "192.167.255.255", "192.169.0.0", "198.17.255.255",
			"198.20.0.0", "223.255.255.255", "2001:4860:4860::8888", "::ffff:8.8.8.8",
			"64:ff9b::8.8.8.8", "2002:808:808::1"};
	for (size_t i = 0; i < ARRAY_LENGTH(public); i++)
		CHECK_MSG(!is_private(public[i]), "%s is private", public[i]);
}

TEST(what_is_no_ip_address_is_private)
{
	const struct sockaddr local = {.sa_family = AF_UNIX};
	CHECK(address_is_private(&local));
}

TEST_MAIN()
