// What the page of /api/docs does with a script: this server's address in the first lines, buttons that copy, a
// filter, the place one is at. Without it everything can be read all the same.

const contents = document.querySelector(".contents details");
const links = [...contents.querySelectorAll("a")];
const wide = matchMedia("(min-width: 60rem)");

function nameThisServer() {
  const code = document.querySelector(".intro pre code");
  code.textContent = code.textContent.replace("https://pierrot.example", location.origin);
}

function addCopyButton(figure) {
  const button = document.createElement("button");
  const title = figure.querySelector("figcaption");
  button.type = "button";
  button.className = "copy";
  button.textContent = "Copy";
  button.setAttribute("aria-label", `Copy: ${title.textContent}`);
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(figure.querySelector("code").textContent);
    button.textContent = "Copied";
    setTimeout(() => { button.textContent = "Copy"; }, 1500);
  });
  title.append(button);
}

function show(words) {
  for (const link of links) {
    const text = link.textContent.toLowerCase();
    link.parentElement.hidden = !words.every((word) => text.includes(word));
  }
  for (const list of contents.querySelectorAll("ul")) {
    const empty = [...list.children].every((item) => item.hidden);
    const title = list.previousElementSibling;
    list.hidden = empty;
    if (title?.localName === "h2") {
      title.hidden = empty;
    }
  }
}

function addFilter() {
  const box = document.createElement("div");
  const input = document.createElement("input");
  box.className = "filter";
  input.type = "search";
  input.placeholder = "Filter";
  input.setAttribute("aria-label", "Filter the contents");
  input.addEventListener("input", () => show(input.value.toLowerCase().split(/\s+/)));
  box.append(input);
  contents.querySelector("ul").before(box);
}

function markPlace() {
  const places = new Map(links.map((link) => [document.getElementById(link.hash.slice(1)), link]));
  const observer = new IntersectionObserver((entries) => {
    const entry = entries.find(({ isIntersecting }) => isIntersecting);
    if (!entry) {
      return;
    }
    const link = places.get(entry.target);
    links.forEach((other) => other.removeAttribute("aria-current"));
    link.setAttribute("aria-current", "location");
    if (wide.matches) {
      link.scrollIntoView({ block: "nearest", behavior: "instant" });
    }
  }, { rootMargin: "-10% 0px -80%" });
  places.forEach((_, place) => observer.observe(place));
}

function fold() {
  contents.open = wide.matches;
}

// A link to an answer that is folded opens it.
function unfold() {
  const target = document.getElementById(location.hash.slice(1));
  if (target?.localName === "details") {
    target.open = true;
  }
}

nameThisServer();
if (navigator.clipboard) {
  document.querySelectorAll("figure").forEach(addCopyButton);
}
addFilter();
unfold();
addEventListener("hashchange", unfold);
markPlace();
fold();
wide.addEventListener("change", fold);
contents.addEventListener("click", (event) => {
  if (event.target.closest("a") && !wide.matches) {
    fold();
  }
});
