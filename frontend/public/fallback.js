/*
 * A sentence in place of a white page: where the page's module cannot be read (a browser that is too old), cannot be
 * loaded, or fails before it is ready. ES5, outside the build: it has to run where the rest does not.
 */
(function () {
  "use strict";
  var WORDS = {
    en: ["This browser is too old for the storyteller: please update it, or take another one.", "The storyteller’s page could not be opened.", "Try again"],
    fr: ["Ce navigateur est trop ancien pour le conteur : mettez-le à jour ou prenez-en un autre.", "La page du conteur n’a pas pu s’ouvrir.", "Réessayer"],
    nl: ["Deze browser is te oud voor de verteller: werk hem bij of neem een andere.", "De pagina van de verteller kon niet worden geopend.", "Opnieuw proberen"],
    ar: ["هذا المتصفّح قديم جدًّا على الراوي: حدِّثه أو استعمل متصفّحًا آخر.", "تعذّر فتح صفحة الراوي.", "حاول مرّة أخرى"],
    it: ["Questo browser è troppo vecchio per il narratore: aggiornalo o usane un altro.", "Non è stato possibile aprire la pagina del narratore.", "Riprova"],
    es: ["Este navegador es demasiado antiguo para el narrador: actualízalo o usa otro.", "No se pudo abrir la página del narrador.", "Intentar de nuevo"],
    de: ["Dieser Browser ist zu alt für den Erzähler: bitte aktualisieren oder einen anderen nehmen.", "Die Seite des Erzählers ließ sich nicht öffnen.", "Noch einmal versuchen"],
    pt: ["Este navegador é antigo demais para o contador de histórias: atualize-o ou use outro.", "Não foi possível abrir a página do contador de histórias.", "Tentar de novo"],
  };
  var root = document.documentElement;

  function language() {
    var wanted = navigator.languages || [navigator.language || ""];
    for (var i = 0; i < wanted.length; i += 1) {
      var tag = String(wanted[i]).toLowerCase().split("-")[0];
      if (Object.prototype.hasOwnProperty.call(WORDS, tag)) return tag;
    }
    return "en";
  }

  var hasModules = "noModule" in document.createElement("script");

  /* Its words cannot be read, or something is missing that the page uses. Of 2020: it then says so at its first failure. */
  function isOld(error, message) {
    return !hasModules || error instanceof SyntaxError || /SyntaxError/.test(message) || typeof "".replaceAll !== "function";
  }

  function show(error, message) {
    var app = document.getElementById("app");
    if (!app || root.getAttribute("data-page") === "ready") return;
    root.setAttribute("data-page", "broken");
    var tag = language();
    var note = document.createElement("p");
    var button = document.createElement("button");
    root.lang = tag;
    root.dir = tag === "ar" ? "rtl" : "ltr";
    root.setAttribute("data-theme", window.matchMedia && matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light");
    note.textContent = WORDS[tag][isOld(error, message) ? 0 : 1];
    note.setAttribute("role", "alert");
    button.type = "button";
    button.textContent = WORDS[tag][2];
    button.onclick = function () {
      location.reload();
    };
    app.textContent = "";
    app.className = "fallback";
    app.appendChild(note);
    app.appendChild(button);
  }

  /* Scripts that do not load report it to themselves only: hence the capturing. */
  window.addEventListener(
    "error",
    function (event) {
      var element = event.target && event.target.tagName;
      if (!element || element === "SCRIPT") show(event.error, event.message);
    },
    true
  );
  if (!hasModules) show(null, "");
})();
