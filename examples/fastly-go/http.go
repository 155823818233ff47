package main

import (
	"fmt"
	"io"
	"sort"
	"strings"
	"time"

	"github.com/fastly/compute-sdk-go/fsthttp"
)

// echo gives the body back, with a line in front and its length in a field.
func echo(c call) error {
	body, err := io.ReadAll(c.r.Body)
	if err != nil {
		return err
	}
	c.w.Header().Set("x-length", fmt.Sprint(len(body)))
	_, err = fmt.Fprintf(c.w, "echo: %s", body)
	return err
}

func stream(c call) error {
	c.w.Header().Set("x-streamed", "yes")
	for number := 1; number <= 5; number++ {
		fmt.Fprintf(c.w, "line %d\n", number)
		time.Sleep(time.Millisecond)
	}
	return c.text("the end")
}

// early goes on when the client has its answer.
func early(c call) error {
	if err := c.text("early"); err != nil {
		return err
	}
	err := c.w.Close()
	fmt.Println("still running")
	return err
}

func fields(c call) error {
	names := c.r.Header.Keys()
	for i := range names {
		names[i] = strings.ToLower(names[i])
	}
	sort.Strings(names)
	header := c.w.Header()
	header.Add("x-set", "one")
	header.Add("x-set", "two")
	header.Set("x-once", "first")
	header.Set("x-once", "second")
	header.Set("x-gone", "x")
	header.Del("x-gone")
	return c.text("%s\n%s", strings.Join(c.r.Header.Values("x-many"), ","), strings.Join(names, " "))
}

// send goes past the cache.
func (c call) send(path, backend string) (*fsthttp.Response, error) {
	request, err := fsthttp.NewRequest("GET", "http://origin.test"+path, nil)
	if err != nil {
		return nil, err
	}
	request.CacheOptions.Pass = true
	return request.Send(c.ctx, backend)
}

// proxy goes through the cache, as the answer's fields allow; /pass past it.
func proxy(c call) error {
	request, err := fsthttp.NewRequest(c.r.Method, "http://origin.test"+c.parameter("path"), nil)
	if err != nil {
		return err
	}
	for _, name := range []string{"Range", "If-None-Match", "Accept"} {
		if value := c.r.Header.Get(name); value != "" {
			request.Header.Set(name, value)
		}
	}
	request.CacheOptions.Pass = c.r.URL.Path == "/pass"
	response, err := request.Send(c.ctx, "origin")
	if err != nil {
		return err
	}
	c.w.Header().Reset(response.Header)
	c.w.WriteHeader(response.StatusCode)
	_, err = io.Copy(c.w, response.Body)
	return err
}

// together sends four that the backend answers only when all are there.
func together(c call) error {
	answers := make(chan error)
	for number := 0; number < 4; number++ {
		go func(number int) {
			_, err := c.send(fmt.Sprintf("/together/4/%d", number), "origin")
			answers <- err
		}(number)
	}
	for number := 0; number < 4; number++ {
		if err := <-answers; err != nil {
			return err
		}
	}
	return c.text("4 answered")
}

func upload(c call) error {
	body := strings.NewReader(strings.Repeat("x", 100000))
	request, err := fsthttp.NewRequest("POST", "http://origin.test/count", body)
	if err != nil {
		return err
	}
	request.CacheOptions.Pass = true
	response, err := request.Send(c.ctx, "origin")
	if err != nil {
		return err
	}
	_, err = io.Copy(c.w, response.Body)
	return err
}

func dynamic(c call) error {
	options := fsthttp.NewBackendOptions().HostOverride("made.test").ConnectTimeout(20 * time.Second).
		FirstByteTimeout(20 * time.Second)
	backend, err := fsthttp.RegisterDynamicBackend("made", c.parameter("target"), options)
	if err != nil {
		return err
	}
	response, err := c.send("/", "made")
	if err != nil {
		return err
	}
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return err
	}
	_, port, _ := strings.Cut(backend.Target(), ":")
	return c.text("made %v %s\n%s", backend.IsDynamic(), port, body)
}

func unknown(c call) error {
	if _, err := c.send("/", "nothing"); err != nil {
		c.w.WriteHeader(fsthttp.StatusBadGateway)
		return c.text("%v", err)
	}
	return c.text("answered")
}
