// A tour of Fastly Compute in Go: each route shows one area of the platform. What it finds comes
// from fastly.toml.
//
//	GOOS=wasip1 GOARCH=wasm go build -o tour.wasm .
//	selvage serve --config fastly.toml tour.wasm
package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"strings"
	"time"

	"github.com/fastly/compute-sdk-go/acl"
	"github.com/fastly/compute-sdk-go/compute"
	"github.com/fastly/compute-sdk-go/configstore"
	"github.com/fastly/compute-sdk-go/device"
	"github.com/fastly/compute-sdk-go/erl"
	"github.com/fastly/compute-sdk-go/fsthttp"
	"github.com/fastly/compute-sdk-go/geo"
	"github.com/fastly/compute-sdk-go/kvstore"
	"github.com/fastly/compute-sdk-go/rtlog"
	"github.com/fastly/compute-sdk-go/secretstore"
)

// call is one request and where its answer goes.
type call struct {
	ctx context.Context
	w   fsthttp.ResponseWriter
	r   *fsthttp.Request
}

func (c call) parameter(name string) string {
	return c.r.URL.Query().Get(name)
}

func (c call) text(format string, values ...any) error {
	_, err := fmt.Fprintf(c.w, format+"\n", values...)
	return err
}

func (c call) status(code int) error {
	c.w.WriteHeader(code)
	return nil
}

var routes = map[string]func(call) error{
	"/config": config, "/secret": secret, "/kv": kv,
	"/acl": lists, "/geo": place, "/device": phone,
	"/count": count, "/limit": limit, "/penalty": penalty, "/runtime": runtime, "/log": log,
	"/echo": echo, "/stream": stream, "/early": early, "/fields": fields,
	"/proxy": proxy, "/pass": proxy, "/together": together, "/upload": upload, "/dynamic": dynamic, "/unknown": unknown,
	"/simple": simpleGet, "/simple/purge": simplePurge,
	"/core": coreGet, "/core/insert": coreInsert, "/core/update": coreUpdate, "/purge": purgeKey,
}

func main() {
	fsthttp.ServeFunc(func(ctx context.Context, w fsthttp.ResponseWriter, r *fsthttp.Request) {
		route := routes[r.URL.Path]
		if route == nil {
			w.WriteHeader(fsthttp.StatusNotImplemented) // this SDK has no such call
			return
		}
		if err := route(call{ctx, w, r}); err != nil {
			w.WriteHeader(fsthttp.StatusInternalServerError)
			fmt.Fprintln(w, err)
		}
	})
}

func config(c call) error {
	store, err := configstore.Open("settings")
	if err != nil {
		return err
	}
	value, err := store.Get(c.parameter("key"))
	if err == configstore.ErrKeyNotFound {
		return c.status(fsthttp.StatusNotFound)
	}
	if err != nil {
		return err
	}
	return c.text("%s", value)
}

func secret(c call) error {
	password, err := secretstore.Plaintext("vault", "password")
	if err != nil {
		return err
	}
	_, err = secretstore.Plaintext("vault", "nothing")
	return c.text("%s %v", password, err == nil)
}

func kv(c call) error {
	store, err := kvstore.Open("notes")
	if err != nil {
		return err
	}
	if c.parameter("mode") != "" || c.parameter("key") == "moded" {
		return c.status(fsthttp.StatusNotImplemented)
	}
	switch c.r.Method {
	case "GET":
		var found *kvstore.Entry
		if found, err = store.Lookup(c.parameter("key")); err == nil {
			_, err = io.Copy(c.w, found)
			return err
		}
	case "DELETE":
		err = store.Delete(c.parameter("key"))
	default:
		err = store.Insert(c.parameter("key"), c.r.Body)
	}
	if err == kvstore.ErrKeyNotFound {
		return c.status(fsthttp.StatusNotFound)
	}
	if err != nil {
		return err
	}
	return c.text("done")
}

func lists(c call) error {
	list, err := acl.Open("blocked")
	if err != nil {
		return err
	}
	found, err := list.Lookup(net.ParseIP(c.parameter("ip")))
	if err == acl.ErrNoContent {
		return c.text("no entry")
	}
	if err != nil {
		return err
	}
	return c.text("%s %s", found.Prefix, strings.ToLower(found.Action))
}

func place(c call) error {
	found, err := geo.Lookup(net.ParseIP(c.parameter("ip")))
	if err != nil || found.City == "" {
		return c.text("nowhere")
	}
	return c.text("%s %s %v", found.City, found.CountryCode, found.Latitude)
}

// phone writes as the other tours do.
func phone(c call) error {
	found, err := device.Lookup(c.parameter("agent"))
	if err != nil {
		return c.text("unknown")
	}
	return c.text("Some(%q) Some(%v) Some(\"PhoneOS\")", found.Name(), found.IsMobile())
}

func count(c call) error {
	var by uint32
	if _, err := fmt.Sscan(c.parameter("by"), &by); err != nil {
		return err
	}
	counter := erl.OpenRateCounter("requests")
	if err := counter.Increment(c.parameter("who"), by); err != nil {
		return err
	}
	sum, err := counter.LookupCount(c.parameter("who"), erl.CounterDuration60s)
	if err != nil {
		return err
	}
	rate, err := counter.LookupRate(c.parameter("who"), erl.RateWindow10s)
	if err != nil {
		return err
	}
	return c.text("%d %d", sum, rate)
}

func limit(c call) error {
	limiter := erl.NewRateLimiter(erl.OpenRateCounter("limited"), erl.OpenPenaltyBox("box"))
	policy := erl.Policy{RateWindow: erl.RateWindow10s, MaxRate: 5, PenaltyBoxDuration: time.Minute}
	blocked, err := limiter.CheckRate(c.parameter("who"), 10, &policy)
	if err != nil {
		return err
	}
	return c.text("%v", blocked)
}

func penalty(c call) error {
	box := erl.OpenPenaltyBox("box")
	before, err := box.Has(c.parameter("who"))
	if err != nil {
		return err
	}
	if err = box.Add(c.parameter("who"), 2*time.Minute); err != nil {
		return err
	}
	after, err := box.Has(c.parameter("who"))
	if err != nil {
		return err
	}
	return c.text("%v %v", before, after)
}

func runtime(c call) error {
	used, err := compute.GetVCPUTime()
	if err != nil {
		return err
	}
	return c.text("true %v true selvage", used < time.Minute)
}

func log(c call) error {
	fmt.Fprintln(rtlog.Open("audit"), "somebody was here")
	fmt.Println("to standard output")
	return c.text("logged")
}
